/// One flag of a workload: what its help says, and what it is unless given.
struct BenchFlag: Sendable {
  let name: String
  /// The unit of its value, or the values there are: `seconds`, `yes|no`.
  let value: String
  /// Nil: the workload decides; empty: nothing.
  let fallback: String?
  let help: String

  init(_ name: String, _ value: String, _ fallback: String?, _ help: String) {
    self.name = name
    self.value = value
    self.fallback = fallback
    self.help = help
  }

  static let net = BenchFlag(
    "net", "W1|W1a|W1b|W1c|W1d", "W1",
    "The network: 64 → 256 → 128 → 1; 64 → 64 → 64 → 1; 128 → 1024 → 512 → 256 → 1; 26 tables of rows; weighted rows.")
  static let activation = BenchFlag("activation", "name", "relu", "Of the hidden layers.")
  static let kernels = BenchFlag(
    "kernels", "level", "best", "best, scalar, baseline, fma256 or fma512: the instructions that may be used.")
  static let clock = BenchFlag("clock", "wall|cpu", "wall", "Time on the wall, or of the processor.")
  static let turns = BenchFlag(
    "turns", "yes|no", "no", "For comparisons: measures once a line of standard input, in turn with another program.")
  static let streamBatch = BenchFlag("batch", "records", "32", "Records a step.")

  /// Two lines of a help: the flag, and what it means.
  var lines: String {
    let unless = fallback.map { $0.isEmpty ? "" : " (default: \($0))" } ?? ""
    return "  --\(name) <\(value)>\n      \(help)\(unless)\n"
  }
}
