/** Makes the signed link of a running application; undefined while this host serves none. */
export function openPreviewLinks(
  _keyFile: string,
  _previewPort: number,
): (taskId: string, port: number, path: string) => string | undefined {
  return () => undefined;
}
