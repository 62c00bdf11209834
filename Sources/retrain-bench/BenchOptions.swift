import Pipelines

/// The flags of a workload: `--name value` or `--name=value`, each at most once.
struct BenchOptions {
  private let flags: [BenchFlag]
  private var values: [String: String] = [:]

  init(_ arguments: [String], _ flags: [BenchFlag]) throws {
    self.flags = flags
    var rest = arguments[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--"), word.count > 2 else { throw BenchError("expected a flag, found '\(word)'") }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      guard let flag = flags.first(where: { $0.name == parts[0] }) else {
        let near = nearest(to: parts[0], among: flags.map(\.name)).map { "; did you mean --\($0)?" } ?? ""
        throw BenchError("unknown flag --\(parts[0])\(near)")
      }
      guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
        throw BenchError("--\(flag.name) needs a value: \(flag.value)")
      }
      guard values.updateValue(value, forKey: flag.name) == nil else {
        throw BenchError("--\(flag.name) is given twice")
      }
    }
  }

  private func text(_ name: String) -> String? {
    guard let flag = flags.first(where: { $0.name == name }) else { preconditionFailure("--\(name) is not declared") }
    return values[name] ?? flag.fallback
  }

  func string(_ name: String) -> String { text(name) ?? "" }

  /// Whether a `yes|no` is yes.
  func flag(_ name: String) throws -> Bool {
    let value = string(name)
    guard ["yes", "no"].contains(value) else { throw BenchError("--\(name) is yes or no, not '\(value)'") }
    return value == "yes"
  }

  /// - Parameter fallback: What the workload decides, where the flag declares nothing.
  func int(_ name: String, default fallback: Int? = nil) throws -> Int {
    guard let text = text(name) else { return fallback ?? 0 }
    guard let number = Int(text), number > 0 else {
      throw BenchError("--\(name) needs a positive whole number, not '\(text)'")
    }
    return number
  }

  /// Whole numbers with commas between them.
  func ints(_ name: String) throws -> [Int] {
    try string(name).split(separator: ",", omittingEmptySubsequences: false).map {
      guard let number = Int($0), number > 0 else {
        throw BenchError("--\(name) needs positive whole numbers with commas between them, not '\(string(name))'")
      }
      return number
    }
  }

  func double(_ name: String) throws -> Double {
    let text = string(name)
    guard let number = Double(text), number.isFinite else {
      throw BenchError("--\(name) needs a number, not '\(text)'")
    }
    return number
  }
}

/// A wrong flag, or a workload whose result is not the reference's.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
