// node build.mjs MODULES OUTPUT.cpp: the page with its style and scripts inside, as a C++ string.
// The packages of package-lock.json lie in MODULES/node_modules.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const [modules, output] = process.argv.slice(2)
const here = dirname(fileURLToPath(import.meta.url))
const esbuild = createRequire(join(resolve(modules), 'package.json'))('esbuild')
const licence = readFileSync(join(resolve(modules), 'node_modules/plotly.js-cartesian-dist-min/LICENSE'), 'utf8')
const bundle = await esbuild.build({
  entryPoints: [join(here, 'main.js')],
  bundle: true,
  minify: true,
  write: false,
  nodePaths: [join(resolve(modules), 'node_modules')],
  legalComments: 'inline',
  banner: { js: `/*! plotly.js: ${licence} */` },
  target: 'es2020',
  charset: 'utf8',
})
const script = bundle.outputFiles[0].text.replaceAll('</script', '<\\/script')
const hash = createHash('sha256').update(script).digest('base64')
const pieces = { HASH: hash, STYLE: readFileSync(join(here, 'page.css'), 'utf8'), SCRIPT: script }
const page = readFileSync(join(here, 'page.html'), 'utf8').replace(
  /@(HASH|STYLE|SCRIPT)@/g,
  (_, name) => pieces[name],
)
if (page.split('@DATA@').length !== 2) throw new Error('page.html: needs @DATA@ once')

const chunks = page.match(/[^]{1,8000}/gu).map((text) => `R"quenched(${text})quenched"`)
writeFileSync(
  output,
  `// Written by apps/report/build.mjs.
#include <string_view>
namespace quenched::apps {
extern const std::string_view report_page;
const std::string_view report_page =
${chunks.join('\n')};
}  // namespace quenched::apps
`,
)
