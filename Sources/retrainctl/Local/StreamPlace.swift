import Arguments
import Foundation
import Kafka
import Pipelines
import Vocabulary

/// A place in a stream as a person says it.
enum StreamPlace: ArgumentValue {
  case earliest
  case now
  case time(Date)
  /// So long ago.
  case ago(Duration)
  case offsets([Int32: Int64])
  /// Where a version's own records end, with its weights.
  case version(Int64)
  /// The same of the live run's newest checkpoint.
  case newest

  init?(argument: String) {
    switch argument {
    case "earliest": self = .earliest
    case "now": self = .now
    case "newest": self = .newest
    default:
      let number = argument.hasPrefix("v") ? Int64(argument.dropFirst()) : Int64(argument)
      if let number, number > 0 {
        self = .version(number)
      } else if let list = OffsetList(argument: argument) {
        self = .offsets(list.offsets)
      } else if let duration = DurationText.parse(argument), duration > .zero {
        self = .ago(duration)
      } else if let date = try? Date(argument, strategy: .iso8601) {
        self = .time(date)
      } else {
        return nil
      }
    }
  }

  static var expectation: String {
    "earliest, now, newest, a version as v12, offsets as 0:1500,1:1498, a duration ago as 24h, or a time as 2026-12-24T18:00:00Z"
  }

  /// As it was written, more or less.
  var words: String {
    switch self {
    case .earliest: "earliest"
    case .now: "now"
    case .time(let date): date.ISO8601Format()
    case .ago(let duration): "\(Wording.span(duration.seconds)) ago"
    case .offsets(let offsets):
      offsets.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
    case .version(let number): "version \(number)"
    case .newest: "the newest checkpoint"
    }
  }

  /// The time that it means; nil: it is none.
  private var date: Date? {
    switch self {
    case .time(let date): date
    case .ago(let duration): Date().addingTimeInterval(-duration.seconds)
    default: nil
    }
  }

  /// By partition; partitions that offsets do not name are `rest`.
  func offsets(
    in bounds: (firsts: [Int32: Int64], ends: [Int32: Int64]), rest: [Int32: Int64], topic: String, _ maker: TopicMaker
  ) async throws -> [Int32: Int64] {
    func within(_ wanted: [Int32: Int64]) -> [Int32: Int64] {
      bounds.ends.reduce(into: [:]) { result, entry in
        let (first, end) = (bounds.firsts[entry.key] ?? 0, entry.value)
        result[entry.key] = min(max(wanted[entry.key] ?? rest[entry.key] ?? first, first), end)
      }
    }
    switch self {
    case .earliest: return bounds.firsts
    case .now: return bounds.ends
    case .version, .newest: return rest
    case .offsets(let offsets):
      if let unknown = offsets.keys.first(where: { bounds.ends[$0] == nil }) {
        throw CommandFailure(.usage, "\(topic) has no partition \(unknown)")
      }
      return within(offsets)
    case .time, .ago:
      let milliseconds = Int64((date ?? Date()).timeIntervalSince1970 * 1000)
      return within(
        try await maker.withAdmin {
          try await $0.offsets(topic: topic, atTime: milliseconds, until: .after(TopicMaker.patience))
        })
    }
  }
}
