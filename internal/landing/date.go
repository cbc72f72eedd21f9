package landing

import (
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// date returns the day as people write it, or "" for no day.
func (s *site) date(language string, d directory.Date) string {
	if d == (directory.Date{}) {
		return ""
	}
	form := "date.other"
	if d.Day == 1 {
		form = "date.first"
	}
	return s.pages.Text(language, form, d.Day, s.pages.Text(language, "month."+d.Month.String()), d.Year)
}

// startOf returns the first instant of the day, in UTC.
func startOf(d directory.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// daysUntil returns how many days there are from today to the day, in UTC. It is
// negative for a day that is over.
func daysUntil(d directory.Date, now time.Time) int {
	return int(startOf(d).Sub(startOf(directory.DateOf(now))).Hours() / 24)
}

// moment returns an instant as people write it, to the minute.
func (s *site) moment(language string, at time.Time) string {
	return s.instant(language, at, "15:04")
}

// second is moment to the second.
func (s *site) second(language string, at time.Time) string {
	return s.instant(language, at, "15:04:05")
}

func (s *site) instant(language string, at time.Time, layout string) string {
	at = at.UTC()
	return s.pages.Text(language, "time.moment", s.date(language, directory.DateOf(at)), at.Format(layout))
}
