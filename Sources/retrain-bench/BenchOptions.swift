/// The flags of a workload: `--name value` pairs, each taken at most once, none left over.
struct BenchOptions {
  private var values: [String: String] = [:]
  private var taken: Set<String> = []

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let flag = rest.popFirst() {
      guard flag.hasPrefix("--"), flag.count > 2 else { throw BenchError("expected a flag, found '\(flag)'") }
      guard let value = rest.popFirst() else { throw BenchError("\(flag) needs a value") }
      guard values.updateValue(value, forKey: String(flag.dropFirst(2))) == nil else {
        throw BenchError("\(flag) is given twice")
      }
    }
  }

  mutating func string(_ name: String, default fallback: String) -> String {
    taken.insert(name)
    return values[name] ?? fallback
  }

  mutating func int(_ name: String, default fallback: Int) throws -> Int {
    taken.insert(name)
    guard let text = values[name] else { return fallback }
    guard let number = Int(text), number > 0 else { throw BenchError("--\(name) needs a positive whole number") }
    return number
  }

  mutating func double(_ name: String, default fallback: Double) throws -> Double {
    taken.insert(name)
    guard let text = values[name] else { return fallback }
    guard let number = Double(text), number.isFinite else { throw BenchError("--\(name) needs a number") }
    return number
  }

  /// Call after the last flag has been read.
  func refuseUnknown() throws {
    let unknown = values.keys.filter { !taken.contains($0) }.sorted()
    guard unknown.isEmpty else {
      throw BenchError("unknown flags: \(unknown.map { "--" + $0 }.joined(separator: ", "))")
    }
  }
}

/// A wrong flag, or a workload whose result is not the reference's.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
