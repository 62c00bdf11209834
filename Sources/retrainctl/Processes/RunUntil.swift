import Arguments

/// When a run ends by itself: `--until`.
enum RunUntil: ArgumentValue, Hashable, Sendable {
  /// Every partition was read to its end.
  case end
  case seconds(Double)
  case steps(Int64)
  /// A version became stable during this run.
  case promoted

  init?(argument: String) {
    if argument == "end" {
      self = .end
    } else if argument == "promoted" {
      self = .promoted
    } else if argument.hasPrefix("steps:"), let steps = Int64(argument.dropFirst(6)), steps > 0 {
      self = .steps(steps)
    } else if let seconds = Double(argument), seconds > 0, seconds.isFinite {
      self = .seconds(seconds)
    } else {
      return nil
    }
  }

  static var expectation: String { "'end', 'promoted', 'steps:N' or a number of seconds" }

  var argumentText: String {
    switch self {
    case .end: "end"
    case .seconds(let seconds): String(seconds)
    case .steps(let steps): "steps:\(steps)"
    case .promoted: "promoted"
    }
  }
}
