#!/bin/bash
# Trains on 4 hosts with 8 GPUs each: sbatch configs/jobs/slurm.sh
# One task per host: neomesh uses all GPUs of a host. Each task finds its number and host 0 in Slurm's variables.
#SBATCH --job-name=neomesh
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@120

# Only this job's hosts may join.
NEOMESH_CLUSTER_SECRET=$(openssl rand -hex 32)
export NEOMESH_CLUSTER_SECRET

# SIGTERM, two minutes before the end, saves a checkpoint; the same command resumes from it. The folder is seen by all hosts.
srun --kill-on-bad-exit=1 npx neomesh train configs/models/gpt3_13B.json \
  --device cuda --mesh x:32 --layout batch:x --parameter-layout embd:x --run runs/gpt3_13B
