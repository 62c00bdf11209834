/// What a time that arrives as a number counts, from 1970 on.
public enum TimeUnit: String, Sendable, Hashable, Codable, CaseIterable {
  /// The first of seconds, milliseconds, microseconds and nanoseconds in which the number is a time of the years 1 to 9999.
  /// Every time from 12 January 1978 on is read right; an earlier one may be taken for a later one in a coarser unit.
  case auto
  case seconds = "s"
  case milliseconds = "ms"
  case microseconds = "us"
  case nanoseconds = "ns"
}
