import Foundation

/// A time zone as times are read with it: how many seconds east of UTC its clocks are, from when on.
///
/// From the time zones of the system's Foundation, for the years 1900 to 2099, with every change of the law and every
/// summer time; before and after, as at the nearer end.
public struct TimeZoneTable: Sendable, Hashable {
  /// Epoch seconds, ascending.
  public private(set) var starts: [Int64] = [.min]
  /// Seconds east of UTC; shape [starts.count].
  public private(set) var offsets: [Int32]

  /// - Parameter name: One that the parser let through.
  public init(named name: String) {
    guard let zone = TimeZone(identifier: name) else { preconditionFailure("there is no time zone \(name)") }
    // 1 January 1900 and 2100.
    var time = Date(timeIntervalSince1970: -2_208_988_800)
    let end = Date(timeIntervalSince1970: 4_102_444_800)
    offsets = [Int32(zone.secondsFromGMT(for: time))]
    while let next = zone.nextDaylightSavingTimeTransition(after: time), next > time, next < end {
      time = next
      let offset = Int32(zone.secondsFromGMT(for: next))
      guard offset != offsets[offsets.count - 1] else { continue }
      starts.append(Int64(next.timeIntervalSince1970))
      offsets.append(offset)
    }
  }
}
