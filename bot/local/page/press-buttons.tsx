import { useState } from "preact/hooks";
import type { Button } from "../../post.ts";
import { useStore } from "./store.ts";

/** Buttons of a post. Pressed, they wait for the post to be rewritten by whoever decides. */
export function Buttons({ buttons, messageId }: { buttons: readonly Button[]; messageId: string }) {
  const store = useStore();
  const [asked, setAsked] = useState<Button | undefined>();
  const press = (button: Button) => {
    setAsked(undefined);
    void store.press(messageId, button.token);
  };
  if (asked !== undefined) {
    return (
      <fieldset class="buttons asked">
        <legend>{asked.confirm}</legend>
        <button type="button" class="button danger" autofocus onClick={() => press(asked)}>
          {asked.label}
        </button>
        <button type="button" class="button plain" onClick={() => setAsked(undefined)}>
          Keep it
        </button>
      </fieldset>
    );
  }
  return (
    <div class="buttons">
      {buttons.map((button) => {
        const waits = store.pressed.has(`${messageId}/${button.token}`);
        return (
          <button
            key={button.token}
            type="button"
            class={`button ${button.style}${waits ? " waits" : ""}`}
            disabled={waits}
            onClick={() => (button.confirm === undefined ? press(button) : setAsked(button))}
          >
            {button.label}
          </button>
        );
      })}
    </div>
  );
}
