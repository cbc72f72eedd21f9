package signon

// CountInPages has the count of live grants read so many at a time, and nobody wait
// for more than the first of them.
func (s *Service) CountInPages(size int) { s.counting.page, s.counting.patience = size, 0 }
