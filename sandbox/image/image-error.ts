/** An image of the team's own that cannot be used; the message is for a person. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  readonly kind = "image";
  readonly path: string;
  constructor(path: string, sentence: string, options?: ErrorOptions) {
    super(`The image ${path} cannot be used: ${sentence}`, options);
    this.path = path;
  }
}
