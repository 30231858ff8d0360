/** The two pages of the site that are not JupyterLite's: for students, and for teachers. */
export interface Lesson {
  /** Its file's name. */
  readonly name: string
  readonly title: string
  /** The first sentence of its text. */
  readonly about: string
}

const escape = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

/** A lesson on its own; `lab/` has all of them and the files beside. */
const pageOf = ({ name }: Lesson) => `notebooks/index.html?path=${encodeURIComponent(name)}`
const labOf = ({ name }: Lesson) => `lab/index.html?path=${encodeURIComponent(name)}`

/** JupyterLite looks for its configuration on this page, too. */
const CONFIG = '<script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{}</script>'

function page(title: string, start: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${start}
<link rel="stylesheet" href="style.css">
<link rel="icon" href="lab/favicon.ico">
${CONFIG}
</head>
<body>
${body}
</body>
</html>
`
}

/** What students open. `start`: the element that loads start.js. */
export function frontPage(lessons: readonly Lesson[], start: string): string {
  const [first] = lessons
  const items = lessons.map(
    (lesson) => `<li><a href="${escape(pageOf(lesson))}">${escape(lesson.title)}</a><br>${escape(lesson.about)}</li>`,
  )
  return page(
    'neomesh: language models in your browser',
    start,
    `<h1>Build a language model</h1>
<p>Train a tokenizer and a small GPT on real text, in this browser. Nothing is installed, nothing is uploaded; your
notebooks and models stay on this computer.</p>
<a class="begin" href="${escape(pageOf(first))}">Start with ${escape(first.title)}</a>
<h2>Lessons</h2>
<ul>
${items.join('\n')}
</ul>
<p><a href="lab/index.html">All lessons and your files in JupyterLab</a></p>
<p class="note">A cell runs with Shift+Enter. The first one takes some seconds, while the compiler loads. After this visit the
site works without a network, too. <a href="teachers.html">For teachers</a></p>`,
  )
}

export function teachersPage(lessons: readonly Lesson[], start: string): string {
  const rows = lessons.map(
    (lesson) =>
      `<tr><td>${escape(lesson.title)}</td><td><a href="${escape(pageOf(lesson))}">lesson alone</a></td>` +
      `<td><a href="${escape(labOf(lesson))}">in JupyterLab</a></td></tr>`,
  )
  return page(
    'neomesh: links for teachers',
    start,
    `<h1>For teachers</h1>
<p>Send a class one of these links. What the server delivers are files; every computation runs on the student's computer.
No account, no measurement of visitors; a page asks no other server for anything.</p>
<h2>Links</h2>
<table>
<tr><th>Lesson</th><th></th><th></th></tr>
${rows.join('\n')}
</table>
<p>Parameters of a lesson can be set in its link: <code>&amp;param.steps=50</code> trains for 50 steps, whatever the
notebook says.</p>
<h2>What students need</h2>
<ul>
<li>A current Chrome, Edge or Firefox; 4 GB of memory.</li>
<li>About 5 MB per student for the first visit. Open the lesson once while there is a network; later it works without.</li>
</ul>
<h2>What is kept, and where</h2>
<ul>
<li>Changed notebooks, tokenizers and models are kept by the browser, for this address, until its data is cleared. They are not
shared between computers: download what is to be kept (File, Download).</li>
<li>A corrected lesson on the server does not replace a student's own copy: the student deletes or renames that copy in
JupyterLab's list of files, and opens the lesson again.</li>
</ul>
<p><a href="index.html">The students' page</a></p>`,
  )
}
