import { Controller, Get, Header } from '@nestjs/common';

const PAGE = `<!doctype html>
<textarea></textarea>
<button id="summarise">Summarise</button>
<button id="cancel">Cancel</button>
<progress value="0"></progress>
<output></output>
<ul></ul>
<script>
  const find = (name) => document.querySelector(name);
  let job;
  find('#summarise').onclick = async () => {
    const body = JSON.stringify({ text: find('textarea').value });
    const headers = { 'Content-Type': 'application/json', Prefer: 'respond-async' };
    const taken = await fetch('/summary', { method: 'POST', headers, body });
    job = taken.headers.get('Location');
    let status = await taken.json();
    const show = () => {
      find('progress').value = status.progress ?? 0;
      find('output').value = status.error?.error ?? status.error ?? status.state;
    };
    for (show(); status.done === false; show()) {
      status = await (await fetch(job, { headers: { Prefer: 'wait=1' } })).json();
    }
    find('ul').innerHTML = '';
    if (status.state !== 'succeeded') return;
    const { sentences = [] } = await (await fetch(job + '/result')).json();
    for (const sentence of sentences) {
      find('ul').append(Object.assign(document.createElement('li'), { textContent: sentence }));
    }
  };
  find('#cancel').onclick = () => fetch(job, { method: 'DELETE' });
</script>
`;

/** The page of a browser that sends jobs, follows them and cancels them. */
@Controller()
export class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }
}
