/** What a machine or a folder needs: packages of PyPI, Jupyter's kernelspec, a project with the lessons. */
export { createProject } from './project.js'
export { writeSite, type Site } from './site.js'
export { installKernel, jupyterFolder } from './kernelspec.js'
export { findPython, installPackages, makeEnvironment, type Python } from './python.js'
export { fetchKernelPackages, fetchPackages, missingPackages, type PythonPackage } from './packages.js'
