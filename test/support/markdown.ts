/** A fenced code block of a Markdown page. */
export interface CodeBlock {
  /** First word behind the fence: `sh`, `ts`, `text`; empty where there is none. */
  readonly language: string;
  /** The words behind it. */
  readonly tags: readonly string[];
  readonly text: string;
  /** 1-based line of its first line of text. */
  readonly line: number;
}

/** A `## ` section and its code blocks in order. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly CodeBlock[];
}

/** The sections of a page; what stands before the first one is left out. */
export function sectionsOf(page: string): Section[] {
  const sections: { title: string; blocks: CodeBlock[] }[] = [];
  const lines = page.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.startsWith('## ')) sections.push({ title: line.slice(3), blocks: [] });
    if (!line.startsWith('```')) continue;
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new Error(`the code block of line ${at + 1} has no end`);
    const [language = '', ...tags] = line.slice(3).split(' ');
    const block = { language, tags, text: lines.slice(at + 1, end).join('\n'), line: at + 2 };
    sections.at(-1)?.blocks.push(block);
    at = end;
  }
  return sections;
}
