import type { Block, Button, Step } from "../../post.ts";
import { artifactUrl } from "./pictures.tsx";

/** What the agent did last: one line a tool call, its last lines below it. */
export function Steps({ block }: { block: Extract<Block<Button>, { kind: "steps" }> }) {
  return (
    <div class="steps">
      {block.earlier > 0 && <p class="quiet earlier">{block.earlier} earlier</p>}
      {block.steps.map((step, at) => (
        <StepView
          key={`${step.title}${at}`}
          step={step}
          open={
            block.folded !== true && (at === block.steps.length - 1 || step.status === "failed")
          }
        />
      ))}
    </div>
  );
}

function StepView({ step, open }: { step: Step; open: boolean }) {
  const line = (
    <>
      <span class={`step-sign ${step.status}`} aria-hidden="true" />
      <code title={step.title}>{step.title}</code>
      {step.status !== "done" && <span class={`step-word ${step.status}`}>{step.status}</span>}
    </>
  );
  const whole = step.artifact !== undefined && (
    <a class="whole" href={artifactUrl(step.artifact)} download={step.artifact.name}>
      whole output
    </a>
  );
  if (step.excerpt === undefined || step.excerpt === "") {
    return (
      <div class="step">
        <div class="step-line">
          {line}
          {whole}
        </div>
      </div>
    );
  }
  return (
    <details class="step" open={open}>
      <summary class="step-line">{line}</summary>
      <pre>{step.excerpt}</pre>
      {whole}
    </details>
  );
}
