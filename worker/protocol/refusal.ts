/** A person's wish that cannot be done now; `message` is the sentence to show them. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
