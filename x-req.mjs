const which = process.argv[2]
const t=process.cpuUsage()
await import(which)
const u=process.cpuUsage(t)
console.log(which, ((u.user+u.system)/1000).toFixed(0),'ms cpu; cjs modules', Object.keys((await import('node:module')).default._cache).length)
