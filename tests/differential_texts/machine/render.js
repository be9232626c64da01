// Reads texts in Markdown as a JSON list of strings, and writes for each a list of what renderers make of it.
const {createRequire} = require('module');
const load = createRequire(process.argv[2] + '/');
const MarkdownIt = load('markdown-it');
const {marked} = load('marked');
const renderers = [
  new MarkdownIt(), new MarkdownIt({html: true, linkify: true, typographer: true}), new MarkdownIt('commonmark'),
].map(one => text => one.render(text)).concat([text => marked.parse(text), text => marked.parse(text, {breaks: true, pedantic: true})]);
let input = '';
process.stdin.on('data', piece => (input += piece)).on('end', () => {
  const made = JSON.parse(input).map(text => renderers.map(render => {
    try { return render(text); } catch (error) { return ''; }
  }));
  process.stdout.write(JSON.stringify(made));
});
