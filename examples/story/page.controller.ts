import { Controller, Get, Header } from '@nestjs/common';

const PAGE = `<!doctype html>
<button>Tell me a story</button>
<p></p>
<script>
  document.querySelector('button').onclick = async () => {
    const headers = { Accept: 'application/x-ndjson' };
    const answer = await fetch('/story', { method: 'POST', headers, body: '{ "words": 30 }' });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let cut = '', part; !(part = await reader.read()).done; ) {
      const lines = (cut + part.value).split('\\n');
      cut = lines.pop();
      for (const line of lines) document.querySelector('p').append(JSON.parse(line).word + ' ');
    }
  };
</script>
`;

/** The page of a browser that reads the stream. */
@Controller()
export class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }
}
