"""Loads a folder that neomesh exported, as any user of transformers would.

    .venv-peers/bin/python test/reference/load_hf_folder.py FOLDER IDS.safetensors OUT.safetensors [TEXT]

IDS holds "ids" [rows, length] int32; OUT gets "logits" [rows, length, n_vocab]. Prints one line of JSON: keys that the
folder lacks or has too many, the ids of TEXT by the folder's tokenizer, and the end-of-text id of model and tokenizer.
"""
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, ids, out, *text = sys.argv[1:]
torch.set_num_threads(1)
model, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, local_files_only=True)
with torch.no_grad():
    logits = model.eval()(load_file(ids)["ids"].long()).logits
save_file({"logits": logits.contiguous()}, out)
said = {key: sorted(map(str, info[key])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")}
said |= {"class": type(model).__name__, "dtype": str(model.dtype), "eos": model.config.eos_token_id}
if text:
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    encoded = tokenizer.encode(text[0])
    said |= {"ids": encoded, "text": tokenizer.decode(encoded), "tokenizer_eos": tokenizer.eos_token_id}
print(json.dumps(said))
