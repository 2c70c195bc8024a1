/**
 * The front door: what others may use of this part. `startScreenshots` is for the supervisor, which
 * is root; `openScreenshots` for whoever may open the service's socket.
 */
export { openScreenshots, type Screenshots } from "./client.ts";
export { compareImages, type ImageDifference } from "./image.ts";
export { openPerson, type Person } from "./person.ts";
export {
  type Capture,
  CaptureError,
  type CaptureFailure,
  type CaptureRequest,
  DESKTOP,
  type FailedRequest,
  PHONE,
  type Shot,
  type Viewport,
} from "./protocol.ts";
export { type ScreenshotsOptions, type ScreenshotsService, startScreenshots } from "./service.ts";
