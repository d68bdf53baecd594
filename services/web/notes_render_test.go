package main

import "testing"

func TestMarkdown(t *testing.T) {
	t.Parallel()
	const link = `" rel="nofollow noreferrer noopener" target="_blank">`
	notes := newNotesRenderer()
	for text, want := range map[string]string{
		"":                                                  "",
		"a *b* **c** ~~d~~ `e`":                             "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>\n",
		"one\ntwo":                                          "<p>one<br>\ntwo</p>\n",
		"- [x] a\n- [ ] b":                                  "<ul>\n<li>☑ a</li>\n<li>☐ b</li>\n</ul>\n",
		"[a](https://x.example)":                            `<p><a href="https://x.example` + link + "a</a></p>\n",
		"https://x.example/?a=1&b=2":                        `<p><a href="https://x.example/?a=1&amp;b=2` + link + "https://x.example/?a=1&amp;b=2</a></p>\n",
		"[a](mailto:ada@example.com)":                       "<p><a href=\"mailto:ada@example.com\" rel=\"nofollow noreferrer\">a</a></p>\n",
		"[a](javascript:alert(1))":                          "<p>a</p>\n",
		"[a](jAvAsCrIpT&colon;alert(1))":                    "<p>a</p>\n",
		"[a](data:text/html;base64,PHNjcmlwdD4=)":           "<p>a</p>\n",
		"[a](/tasks)":                                       "<p>a</p>\n",
		"[a](//x.example)":                                  "<p>a</p>\n",
		"![a](https://x.example/x.png)":                     "<p></p>\n",
		"<script>alert(1)</script>":                         "\n",
		"a <b onclick=alert(1)>b</b>":                       "<p>a b</p>\n",
		"```\"><script>\n</script>\n```":                    "<pre><code>&lt;/script&gt;\n</code></pre>\n",
		"<https://x.example/\"onmouseover=alert(1)>":        `<p><a href="https://x.example/%22onmouseover=alert(1)` + link + "https://x.example/&#34;onmouseover=alert(1)</a></p>\n",
		"[a](https://x.example \"t\\\" onclick=alert(1)\")": `<p><a href="https://x.example` + link + "a</a></p>\n",
	} {
		if got := string(notes.render(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
