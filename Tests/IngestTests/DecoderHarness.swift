import Foundation
import Ingest
import Pipelines
import Vocabulary

/// A decoder with room for one record, and what came out of it.
final class DecoderHarness {
  let decoder: RecordDecoder
  let slot: ExampleSlot
  private let storage: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<Double>)

  init(
    _ schema: FeatureSchema = .flights, task: ModelSettings.Task = .binary, recordBytesMax: Int = 100_000,
    purpose: RecordDecoder.Purpose = .learning, way: RecordDecoder.Way = RecordDecoder.Way()
  ) {
    decoder = RecordDecoder(
      schema: schema, heads: [HeadSettings(name: "", label: schema.label, task: task)],
      recordBytesMax: recordBytesMax, purpose: purpose, way: way)
    storage = (.allocate(capacity: 256), .allocate(capacity: 64), .allocate(capacity: 1))
    slot = ExampleSlot(
      numbers: storage.0, categories: storage.1, labels: storage.0 + 255, eventTime: storage.2)
    clear()
  }

  deinit {
    storage.0.deallocate()
    storage.1.deallocate()
    storage.2.deallocate()
  }

  /// Puts what no decoder writes into every place.
  func clear() {
    for place in 0..<256 { storage.0[place] = -.infinity }
    for place in 0..<64 { storage.1[place] = .max }
    storage.2.pointee = -.infinity
  }

  @discardableResult
  func decode(_ bytes: [UInt8]) -> DecodeOutcome {
    clear()
    return bytes.withUnsafeBytes { decoder.decode($0, into: slot) }
  }

  @discardableResult
  func decode(_ text: String) -> DecodeOutcome { decode(Array(text.utf8)) }

  var numbers: [Float] { (0..<decoder.numberCount).map { slot.numbers[$0] } }
  var categories: [UInt32] { (0..<decoder.categoryCount).map { slot.categories[$0] } }
  var label: Float { slot.labels.pointee }
  var eventTime: Double { slot.eventTime.pointee }
  var labelTime: Double { decoder.labelTime }
}

extension FeatureSchema {
  /// A small relative of the flights: two numbers, two categories, label and both times.
  static let flights: FeatureSchema = {
    var distance = FeatureSettings(name: "distance", path: "x.distance", type: .float)
    distance.clip = 0...6000
    let wind = FeatureSettings(name: "wind", path: "x.wind", type: .float)
    var carrier = FeatureSettings(name: "carrier", path: "x.carrier", type: .category)
    carrier.buckets = 64
    var origin = FeatureSettings(name: "origin", path: "x.origin", type: .category)
    origin.buckets = 8
    origin.values = ["EWR", "JFK", "LGA"]
    return FeatureSchema(
      id: "id", eventTime: "t", label: LabelSettings(path: "y.late15"), labelTime: "t_y",
      features: [distance, carrier, wind, origin])
  }()

  /// One feature `a`, and the label `y`.
  static func one(_ type: FeatureSettings.FeatureType, _ change: (inout FeatureSettings) -> Void = { _ in })
    -> FeatureSchema
  {
    var feature = FeatureSettings(name: "a", type: type)
    change(&feature)
    return FeatureSchema(label: LabelSettings(path: "y"), features: [feature])
  }
}
