// Loads documents into frames, and says what each shows: as `innerText` has it, and as it is drawn, with what styles
// generate, values of fields, shadow trees and frames, without what is transparent or has no size.
function isDrawn(style) {
  return style.visibility === 'visible' && style.opacity !== '0' && parseFloat(style.fontSize) > 0 &&
    !/^rgba\(.*, 0\)$/.test(style.color) && parseFloat(style.left || 0) > -900 && style.clip !== 'rect(0px, 0px, 0px, 0px)';
}
function generated(element, which) {
  const content = element.ownerDocument.defaultView.getComputedStyle(element, which).content || '';
  if (content === 'none' || content === 'normal') return '';
  let out = '';
  for (const [, quoted, name] of content.matchAll(/"((?:\\.|[^"\\])*)"|attr\(([^)]*)\)/g))
    out += name ? element.getAttribute(name) || '' : quoted.replace(/\\(.)/g, '$1');
  return out;
}
function valueOf(element) {
  switch (element.localName) {
    case 'textarea': return element.value || element.placeholder;
    case 'input':
      if (element.type === 'hidden') return '';
      if (element.type === 'image') return element.alt;
      return element.value || element.placeholder;
    case 'img': return element.naturalWidth ? '' : element.alt;
    case 'optgroup': case 'option': return element.label;
    case 'iframe': case 'object': case 'embed':
      try { return element.contentDocument && walk(element.contentDocument.documentElement) || ''; } catch (e) { return ''; }
  }
  return '';
}
function walk(node) {
  if (node.nodeType === 3 || node.nodeType === 4) return node.data.replace(/[ \t\n\r\f]+/g, ' ');
  if (node.nodeType !== 1 && node.nodeType !== 11) return '';
  if (node.nodeType === 11) return Array.from(node.childNodes, walk).join('');
  const element = node, view = element.ownerDocument.defaultView, style = view.getComputedStyle(element);
  if (style.display === 'none' || ['script', 'style', 'template', 'noembed', 'datalist'].includes(element.localName)) return '';
  if (!isDrawn(style)) return '';
  if (element.localName === 'br') return '\n';
  let children = element.shadowRoot ? element.shadowRoot.childNodes : element.childNodes;
  if (element.localName === 'slot' && element.assignedNodes().length) children = element.assignedNodes();
  if (['textarea', 'option', 'iframe', 'canvas', 'video', 'audio', 'progress', 'meter', 'rt', 'rp'].includes(element.localName)) children = [];
  let text = generated(element, '::before') + valueOf(element) + Array.from(children, walk).join('') + generated(element, '::after');
  if (/override/.test(style.unicodeBidi) && style.direction === 'rtl') text = Array.from(text).reverse().join('');
  if (style.display.startsWith('inline') || style.display === 'contents' || style.display.startsWith('ruby')) return text;
  return style.display === 'table-cell' ? text + '\t' : '\n' + text + '\n';
}
function shownIn(frame) {
  const out = [], page = frame.contentDocument;
  if (!page || !page.documentElement) return out;
  const root = page.body || page.documentElement;
  for (const say of [
    () => root.innerText || '', () => walk(root), () => page.title,
    () => Array.from(page.querySelectorAll('[title],[aria-label],[alt]'), e => (e.title || '') + '\n' + (e.getAttribute('alt') || '') +
      '\n' + (e.getAttribute('aria-label') || '')).join('\n'),
    () => root instanceof frame.contentWindow.SVGElement ? root.textContent : '',
  ]) try { out.push(say()); } catch (error) { out.push(''); }
  return out;
}
async function show(addresses) {
  const frames = addresses.map(address => {
    const frame = document.createElement('iframe');
    frame.style.cssText = 'width:800px;height:600px';
    frame.src = address;
    const loaded = new Promise(done => { frame.onload = done; setTimeout(done, 8000); });
    document.body.append(frame);
    return [frame, loaded];
  });
  await Promise.all(frames.map(([, loaded]) => loaded));
  await new Promise(done => setTimeout(done, 30));
  const texts = frames.map(([frame]) => shownIn(frame));
  for (const [frame] of frames) frame.remove();
  return texts;
}
