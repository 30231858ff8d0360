/**
 * The time limit on the TPU itself: a script that the VM runs when it boots, and that deletes the TPU at the deadline, whatever
 * has become of the machine that created it. It needs the VM's service account to have the role TPU Admin; the token stays
 * on the VM, and out of the list of processes. Where it may not delete, it stops training and shuts the VM down, which the
 * service notices only later.
 */

export interface TimeLimit {
  /** Seconds since 1970. */
  readonly deadline: number
  /** Seconds since its VMs first booted. */
  readonly seconds: number
}

/** The start-up script: deletes the resource at the first of the two limits. */
export function deadManScript(resource: string, { deadline, seconds }: TimeLimit): string {
  return SCRIPT.replace('@RESOURCE', resource)
    .replaceAll('@DEADLINE', String(Math.ceil(deadline)))
    .replace('@SECONDS', String(Math.ceil(seconds)))
}

const SCRIPT = `#!/bin/sh
# neomesh: deletes this TPU at its time limit.
file=\${TMPDIR:-/tmp}/neomesh-time-limit-$$
cat > "$file" <<'END'
host=\${GCE_METADATA_HOST:-metadata.google.internal}
api=\${NEOMESH_TPU_API:-https://tpu.googleapis.com}
pause=\${NEOMESH_POLL_SECONDS:-15}
booted=\${TMPDIR:-/var/tmp}/neomesh-booted
[ -f "$booted" ] || date +%s > "$booted"
end=$(($(cat "$booted") + @SECONDS))
[ "$end" -lt @DEADLINE ] || end=@DEADLINE
while [ "$(date +%s)" -lt "$end" ]; do sleep "$pause"; done
for each in /home/*/neomesh/pid "$HOME/neomesh/pid"; do
  [ -f "$each" ] && kill -TERM -- "-$(cat "$each")" 2> /dev/null
done
sleep "$pause" && sleep "$pause"
tries=0
while [ "$tries" -lt 10 ]; do
  tries=$((tries + 1))
  token=$(curl -fsS -H 'Metadata-Flavor: Google' "http://$host/computeMetadata/v1/instance/service-accounts/default/token" |
    sed 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/')
  printf 'header = "Authorization: Bearer %s"\\n' "$token" | curl -fsS -K - -X DELETE "$api/v2/@RESOURCE?force=true" && exit 0
  sleep "$pause"
done
[ -n "$GCE_METADATA_HOST" ] || shutdown -h now
END
setsid sh "$file" < /dev/null > /dev/null 2>&1 &
`
