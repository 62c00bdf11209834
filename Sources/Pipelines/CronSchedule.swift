/// When something is due, in the five fields of cron: minute, hour, day of the month, month, day of the week (0 and 7: Sunday).
/// Each is `*`, numbers, spans `a-b` and steps `*/n` or `a-b/n`, with commas between. In UTC. Where both days are given, either
/// will do.
///
/// - Source: POSIX.1-2017, crontab.
public struct CronSchedule: Sendable, Hashable {
  private let fields: [Set<Int>]
  private let daysAreBoth: Bool

  private static let ranges = [0...59, 0...23, 1...31, 1...12, 0...7]

  /// nil: it is no such text, or no day has it.
  public init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count == 5 else { return nil }
    var fields: [Set<Int>] = []
    for (word, range) in zip(words, Self.ranges) {
      guard let values = Self.values(word, in: range), !values.isEmpty else { return nil }
      fields.append(values)
    }
    if fields[4].remove(7) != nil { fields[4].insert(0) }
    daysAreBoth = words[2] != "*" && words[4] != "*"
    self.fields = fields
    // As the 31st of February.
    let longest = fields[3].map { [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][$0 - 1] }.max() ?? 0
    guard words[4] != "*" || fields[2].contains(where: { $0 <= longest }) else { return nil }
  }

  private static func values(_ word: Substring, in range: ClosedRange<Int>) -> Set<Int>? {
    var values: Set<Int> = []
    for part in word.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      let step = halves.count == 2 ? Int(halves[1]) : 1
      guard let step, step > 0 else { return nil }
      let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
      let span: ClosedRange<Int>
      if halves[0] == "*" {
        span = range
      } else if ends.count == 1, let only = Int(ends[0]), range.contains(only), halves.count == 1 {
        span = only...only
      } else if ends.count == 2, let low = Int(ends[0]), let high = Int(ends[1]), low <= high, range.contains(low),
        range.contains(high)
      {
        span = low...high
      } else {
        return nil
      }
      values.formUnion(stride(from: span.lowerBound, through: span.upperBound, by: step))
    }
    return values
  }

  /// Whether it is due in a minute, counted from the beginning of 1970 in UTC.
  public func isDue(atMinute minute: Int64) -> Bool {
    let day = minute.quotient(1440)
    let rest = Int(minute - day * 1440)
    guard fields[0].contains(rest % 60), fields[1].contains(rest / 60) else { return false }
    let (month, date) = Self.monthAndDate(ofDay: day)
    guard fields[3].contains(month) else { return false }
    // The first of January 1970 was a Thursday.
    let weekday = Int((day + 4) - (day + 4).quotient(7) * 7)
    let (isDate, isWeekday) = (fields[2].contains(date), fields[4].contains(weekday))
    return daysAreBoth ? isDate || isWeekday : isDate && isWeekday
  }

  /// Whether it was due after one moment and up to another, in seconds since 1970; of a long time the last day is looked at.
  public func wasDue(after start: Double, upTo end: Double) -> Bool {
    let last = Int64((end / 60).rounded(.down))
    let first = max(Int64((start / 60).rounded(.down)) + 1, last - 1440)
    return first <= last && (first...last).contains { isDue(atMinute: $0) }
  }

  /// - Source: Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
  private static func monthAndDate(ofDay day: Int64) -> (month: Int, date: Int) {
    let shifted = day + 719_468
    let era = shifted.quotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let place = (5 * dayOfYear + 2) / 153
    return (Int(place < 10 ? place + 3 : place - 9), Int(dayOfYear - (153 * place + 2) / 5 + 1))
  }
}

extension Int64 {
  /// Rounded down.
  fileprivate func quotient(_ divisor: Int64) -> Int64 {
    let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? quotient - 1 : quotient
  }
}
