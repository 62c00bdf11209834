import Foundation
import JSON

/// One measurement: several timed samples of one workload.
struct BenchReport: Encodable {
  let workload: String
  let params: [String: String]
  /// The median.
  let value: Double
  let unit: String
  let median: Double
  let min: Double
  let max: Double
  let n: Int

  /// - Parameter samples: At least one.
  init(workload: String, params: [String: String], samples: [Double], unit: String) {
    precondition(!samples.isEmpty)
    let sorted = samples.sorted()
    let middle = sorted.count / 2
    median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    value = median
    min = sorted[0]
    max = sorted[sorted.count - 1]
    n = sorted.count
    self.workload = workload
    self.params = params
    self.unit = unit
  }

  /// Prints one JSON object on a line of its own.
  func emit() throws {
    FileHandle.standardOutput.write(Data((try JSONText.canonical(self) + "\n").utf8))
  }
}
