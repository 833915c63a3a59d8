// Sets the blocks of mathematics, which carry their text between \[ and \].
for (const block of document.querySelectorAll('.arithmatex')) {
  const text = block.textContent.trim().replace(/^\\\[|\\\]$/g, '')
  katex.render(text, block, { displayMode: true, throwOnError: false })
}
