"""Makes test/fixtures/evaluate: a tiny GPT-Neo, small data in the formats of tasks, and what lm-evaluation-harness says of both.

    VENV/bin/python test/reference/make_evaluation_fixtures.py [--model FOLDER]

VENV: Python 3.11 with torch 2.15.0 (CPU), transformers 5.23.0, tokenizers, lm-eval 0.4.13. The model has random weights of a fixed
seed, wide enough that choices differ. The data are of the harness's own task files, whose data sets are replaced by local ones.

expected.json has for each task the harness's metrics, and for each item the log-likelihoods (nats) of its requests in order and
whether they are greedy. With --model the harness evaluates another Hugging Face folder, and the results are printed, not kept.
"""
import json
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

import lm_eval
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPTNeoConfig, GPTNeoForCausalLM, PreTrainedTokenizerFast

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "evaluate"
TASKS = pathlib.Path(lm_eval.__file__).parent / "tasks"
N_CTX, N_VOCAB = 64, 384

WORDS = "the state of our union is strong and people who work for peace know that war law trade naïve 日本 café they will see".split()


def sentence(seed, length):
    state = seed * 7919 + 17
    words = []
    for _ in range(length):
        state = state * 48271 % 2147483647
        words.append(WORDS[state % len(WORDS)])
    return " ".join(words)


def make_data():
    """Ten items of each format, with what is awkward in them: brackets, spaces at ends, contexts that do not fit, line breaks."""
    few = range(10)
    return {
        "hellaswag": [{
            "activity_label": f"Making {sentence(i, 1)}", "ctx_a": f"{sentence(i, 6)} [header] How to [title] {sentence(i, 2)}",
            "ctx_b": sentence(i + 50, 3) if i % 3 else "", "endings": [f"{sentence(i * 4 + k, 3 + k)}  [step]." for k in range(4)],
            "label": str(i % 4) if i % 2 else i % 4} for i in few],
        "piqa": [{"goal": sentence(i + 100, 5) + ("\n" if i == 3 else ""), "sol1": sentence(i, 4), "sol2": sentence(i + 1, 6), "label": i % 2} for i in few],
        "arc_easy": [{"id": str(i), "question": sentence(i + 200, 70 if i == 4 else 6) + "?", "choices": {
            "text": [sentence(i * 5 + k, 1 + k) for k in range(3 + i % 2)], "label": list("ABCD" if i % 2 else "123")},
            "answerKey": "B" if i % 2 else "3"} for i in few],
        "winogrande": [{"sentence": f"{sentence(i + 300, 4)} _ {sentence(i + 310, 3)}" + (" _ ." if i == 2 else " ."),
            "option1": sentence(i, 1), "option2": sentence(i + 7, 2), "answer": "12"[i % 2]} for i in few],
        "blimp": [{"sentence_good": sentence(i + 400, 5) + ".", "sentence_bad": sentence(i + 401, 5) + ".", "UID": "even" if i % 2 == 0 else "odd"} for i in few],
        "lambada_openai": [{"text": sentence(i + 500, 90 if i == 5 else 4 + i) + ("  end" if i == 6 else "")} for i in few],
        "wikitext": [{"page": f" = {sentence(i, 2)} = \n {sentence(i + 600, 20 + 25 * i)} , 1 @,@ 000 @-@ year {sentence(i + 610, 4)} . \n"} for i in few],
    }


def make_model(data):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = [json.dumps(line, ensure_ascii=False) for lines in data.values() for line in lines]
    trainer = trainers.BpeTrainer(vocab_size=N_VOCAB, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    end = "<|endoftext|>"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=end, eos_token=end, unk_token=end, model_max_length=N_CTX).save_pretrained(OUT / "model")
    torch.manual_seed(20260101)
    config = GPTNeoConfig(vocab_size=N_VOCAB, max_position_embeddings=N_CTX, hidden_size=24, num_layers=2, num_heads=3,
        attention_types=[[["global", "local"], 1]], window_size=16, initializer_range=0.35, bos_token_id=0, eos_token_id=0,
        embed_dropout=0, attention_dropout=0, resid_dropout=0)
    GPTNeoForCausalLM(config).save_pretrained(OUT / "model")


SOURCES = {"hellaswag": "hellaswag/hellaswag.yaml", "piqa": "piqa/piqa.yaml", "arc_easy": "arc/arc_easy.yaml", "winogrande": "winogrande/default.yaml",
    "blimp": "blimp/_template_yaml", "lambada_openai": "lambada/lambada_openai.yaml", "wikitext": "wikitext/wikitext.yaml"}


def evaluate(model, files):
    """The harness's results by task, over local files."""
    with tempfile.TemporaryDirectory() as folder:
        for task, file in files.items():
            # The split that the task is evaluated on is the file, whatever its name.
            pathlib.Path(folder, f"own_{task}.yaml").write_text("\n".join([
                f"include: {TASKS / SOURCES[task]}", f"task: own_{task}", "tag: []", "dataset_path: json", "dataset_name: null",
                "dataset_kwargs:", "  data_files:", f"    here: {file}", "training_split: null", "validation_split: here", "test_split: null", ""]))
        manager = TaskManager(include_path=folder, include_defaults=False)
        lm = HFLM(pretrained=str(model), device="cpu", dtype="float32", batch_size=4)
        found = lm_eval.simple_evaluate(model=lm, tasks=[f"own_{task}" for task in files], task_manager=manager, log_samples=True, bootstrap_iters=0, num_fewshot=0)
    results = {}
    for task in files:
        metrics = {key.split(",")[0]: value for key, value in found["results"][f"own_{task}"].items() if isinstance(value, float) and "stderr" not in key}
        samples = sorted(found["samples"][f"own_{task}"], key=lambda sample: sample["doc_id"])
        items = []
        for sample in samples:
            answers = [resp[0] for resp in sample["resps"]]
            items.append([list(a) if isinstance(a, (list, tuple)) else [a] for a in answers])
        results[task] = {"metrics": metrics, "items": items}
    return results


def compact(results):
    """One line per item."""
    tasks = []
    for task, found in results.items():
        lines = ",\n".join(f"   {json.dumps(item)}" for item in found["items"])
        tasks.append(f' "{task}": {{\n  "metrics": {json.dumps(found["metrics"])},\n  "items": [\n{lines}\n  ]\n }}')
    return "{\n" + ",\n".join(tasks) + "\n}\n"


def main():
    data = make_data()
    (OUT / "data").mkdir(parents=True, exist_ok=True)
    files = {}
    for task, lines in data.items():
        files[task] = OUT / "data" / f"{task}.jsonl"
        files[task].write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    if "--model" in sys.argv:
        print(json.dumps(evaluate(sys.argv[sys.argv.index("--model") + 1], files)))
        return
    make_model(data)
    (OUT / "expected.json").write_text(compact(evaluate(OUT / "model", files)))


main()
