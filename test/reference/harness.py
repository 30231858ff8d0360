"""lm-evaluation-harness over a server of neomesh beside the harness over transformers, for one model, item by item.

    python harness.py --model FOLDER --name NAME --url http://127.0.0.1:8000 --tasks FOLDER --context 64 [--concurrent 8] [--batch 4]

FOLDER of --model: a Hugging Face GPT-Neo with its tokenizer. FOLDER of --tasks: choices.jsonl {question, choices, answer},
words.jsonl {text, word}, documents.jsonl {text}, completions.jsonl {prompt, answer}. Prints one line of JSON: for each task the
metrics of both sides, and the largest difference of a log-likelihood. Needs lm_eval[api,hf]; nothing is downloaded.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

COMMON = """
dataset_path: json
dataset_kwargs:
  data_files:
    test: {file}
test_split: test
"""
TASKS = {
    "choices": """
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: choices
doc_to_target: answer
target_delimiter: " "
metric_list:
  - metric: acc
  - metric: acc_norm
""",
    "words": """
output_type: loglikelihood
doc_to_text: "{{text}}"
doc_to_target: "{{word}}"
target_delimiter: " "
metric_list:
  - metric: perplexity
  - metric: acc
""",
    "documents": """
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{text}}"
metric_list:
  - metric: word_perplexity
  - metric: byte_perplexity
  - metric: bits_per_byte
""",
    "completions": """
output_type: generate_until
doc_to_text: "{{prompt}}"
doc_to_target: "{{answer}}"
generation_kwargs:
  until: ["\\n", " law"]
  max_gen_toks: 12
  do_sample: false
  temperature: 0.0
metric_list:
  - metric: exact_match
""",
}


def write_tasks(folder: Path) -> None:
    for name, text in TASKS.items():
        file = json.dumps(str(folder / f"{name}.jsonl"))
        (folder / f"{name}.yaml").write_text(f"task: local_{name}\n" + COMMON.format(file=file) + text)


def evaluate(model: str, arguments: dict, folder: Path, batch: int) -> dict:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    return simple_evaluate(
        model=model,
        model_args=arguments,
        tasks=[f"local_{name}" for name in TASKS],
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        batch_size=batch,
        bootstrap_iters=0,
        log_samples=True,
    )


def responses(result: dict, task: str) -> list:
    samples = sorted(result["samples"][task], key=lambda sample: sample["doc_id"])
    return [response for sample in samples for group in sample["resps"] for response in group]


def compare(ours: dict, theirs: dict) -> dict:
    report = {}
    for name in TASKS:
        task = f"local_{name}"
        a, b = responses(ours, task), responses(theirs, task)
        assert len(a) == len(b) > 0, (task, len(a), len(b))
        metrics = {
            key.split(",")[0]: [ours["results"][task][key], value]
            for key, value in theirs["results"][task].items()
            if isinstance(value, float) and "stderr" not in key
        }
        entry = {"items": len(a), "metrics": metrics}
        if name == "completions":
            entry["different"] = sum(x != y for x, y in zip(a, b))
        elif name == "documents":
            entry["largest"] = max(abs(score(x) - score(y)) for x, y in zip(a, b))
        else:
            entry["largest"] = max(abs(x[0] - y[0]) for x, y in zip(a, b))
            entry["different"] = sum(bool(x[1]) != bool(y[1]) for x, y in zip(a, b))
        report[name] = entry
    return report


def score(response) -> float:
    return response[0] if isinstance(response, (list, tuple)) else response


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--model", "--name", "--url", "--tasks"):
        parser.add_argument(name, required=True)
    parser.add_argument("--context", type=int, required=True)
    parser.add_argument("--concurrent", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1)
    given = parser.parse_args()
    folder = Path(given.tasks).resolve()
    write_tasks(folder)
    # What the harness prints goes to stderr.
    out, sys.stdout = sys.stdout, sys.stderr
    server = {
        "model": given.name,
        "base_url": f"{given.url}/v1/completions",
        "max_length": given.context,
        "num_concurrent": given.concurrent,
        "max_retries": 1,
    }
    # The API client keeps one position for the new token and one for the prefix; its windows are two shorter.
    local = {"pretrained": given.model, "dtype": "float32", "device": "cpu", "max_length": given.context - 2}
    ours = evaluate("local-completions", server, folder, given.batch)
    theirs = evaluate("hf", local, folder, given.batch)
    print(json.dumps(compare(ours, theirs)), file=out)


main()
