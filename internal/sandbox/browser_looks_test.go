package sandbox_test

import (
	"strings"

	"github.com/latchkey-sso/latchkey/internal/sandbox"
)

// pitches is a script's expression for how far apart the rows of the list are.
const pitches = `[...` + rows + `].map(r => Math.round(r.getBoundingClientRect().top)).map((top, i, all) => i && top - all[i-1]).slice(1)`

// phone is a look in which rows fold.
var phone = look{"phone-light", 390, 844, false}

func browserRows(w *world, b *tab) {
	b.open(w.url + "/dev")
	b.await(`document.querySelector(".live").dataset.state === "live"`)
	for range 3 {
		w.answered(w.wrongPassword())
	}
	b.await(rows + `.length === 3`)
	live := script[[]int](b, pitches)
	b.open(w.url + "/dev")
	if again := script[[]int](b, pitches); len(again) != 2 || again[0] != live[0] || again[1] != live[1] {
		b.Errorf("rows are %v apart as they come, and %v when the page is loaded again", live, again)
	}
	if _, err := w.sandbox.AddFault(sandbox.Fault{Kind: sandbox.FaultCut, Times: 1}); err != nil {
		b.Fatal(err)
	}
	w.cut()
	b.await(rows + `.length === 4`)
	for _, l := range []look{looks[0], phone, {name: "narrowest", width: narrowest, height: 700}} {
		b.wear(l)
		if got := script[string](b, `(() => {
			const badge = document.querySelector(".status.none"), cell = badge.closest("td");
			const over = badge.getBoundingClientRect().right - cell.getBoundingClientRect().right;
			return over > 0 ? over + " px" : "";
		})()`); got != "" {
			b.Errorf("%s: the badge is %s wider than its column", l.name, got)
		}
	}
	b.wear(phone)
	if got := script[string](b, `[...document.querySelectorAll(".filters select")].filter(s => {
		const probe = document.createElement("span");
		probe.textContent = s.selectedOptions[0].textContent;
		const style = getComputedStyle(s);
		probe.style.font = style.font;
		s.parentElement.append(probe);
		const wide = probe.getBoundingClientRect().width;
		probe.remove();
		return wide > s.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
	}).map(s => s.name).join(" ")`); got != "" {
		b.Errorf("these filters are cut off on a phone: %s", got)
	}
	w.follow(w.issue("2checkout-rest", "cart").URL)
	b.await(rows + `.length >= 7`)
	if got := script[string](b, `[...document.querySelectorAll("td.c-link > a")].filter(a => {
		const link = a.closest("td").getBoundingClientRect();
		return ![...a.closest("tr").querySelectorAll("td.c-person > a, td.c-decided .decided")].some(td => Math.abs(td.getBoundingClientRect().top - link.top) < 8);
	}).map(a => a.closest("tr").innerText).join("\n")`); got != "" {
		b.Errorf("a link stands alone in its line:\n%s", got)
	}
}

func browserErrors(w *world, b *tab) {
	b.open(w.url + "/dev/controls")
	b.fill("#fault-kind", "error")
	offered := func() string {
		return script[string](b, `[...document.querySelectorAll("#fault-error option")].map(o => o.value).join(" ")`)
	}
	whose := func() string { return script[string](b, `document.querySelector("#fault-dialect").value`) }
	if whose() != "2checkout-rest" {
		b.Errorf("errors are those of %q", whose())
	}
	b.fill("#fault-dialect", "bluesnap")
	for _, one := range strings.Fields(offered()) {
		if !strings.HasPrefix(one, "bluesnap/") {
			b.Errorf("BlueSnap is offered %s", one)
		}
	}
	if n, want := len(strings.Fields(offered())), len(sandbox.ErrorsOf("bluesnap")); n != want {
		b.Errorf("got %d errors, want %d", n, want)
	}
	b.fill("#fault-kind", "cut")
	if whose() != "bluesnap" {
		b.Errorf("what was chosen turned into %q", whose())
	}
	b.open(w.url + "/dev/controls")
	b.fill("#fault-kind", "error")
	b.fill("#fault-kind", "hang")
	if whose() != "" {
		b.Errorf("every API turned into %q", whose())
	}
	b.fill("#fault-kind", "error")
	b.submit(".fault-form button")
	b.wantText("2Checkout REST: unauthenticated")
	b.picture("faults")
}

func browserCopied(w *world, b *tab) {
	b.open(w.url + "/dev/controls")
	script[bool](b, `(navigator.clipboard.writeText = async text => { window.copied = text; }, true)`)
	label := `document.querySelector("button[data-copy]").textContent`
	b.click(`button[data-copy]`)
	b.await(label + ` === "Copied"`)
	if got := script[string](b, `window.copied`); !strings.Contains(got, "/dev/api/clock' \\\n") {
		b.Errorf("copied is %s", got)
	}
	b.await(label + ` === "Copy"`)
}
