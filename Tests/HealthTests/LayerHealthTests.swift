import Foundation
import Health
import Testing
import Vocabulary

@Suite("Layer health")
struct LayerHealthTests {
  private func layers(seed: UInt64, names: [String] = ["hidden.0", "hidden.1", "output"]) -> [LayerHealth] {
    var random = SplitMix64(seed: seed)
    return names.map { name in
      var sketch = ActivationSketch(units: 16)
      for place in 0..<200 { sketch.add(Float(random.nextUnit() - 0.5), isSampled: place % 8 == 0) }
      for unit in 0..<16 { sketch.unitActivity[unit] = Int64(random.next() % 300) }
      return LayerHealth(
        layer: name, sketch: sketch, gradientSquaredNormSum: random.nextUnit(), steps: 7,
        weightNorm: random.nextUnit(), updateNormSum: random.nextUnit())
    }
  }

  private func encoded(_ layers: [LayerHealth]) -> [UInt8] {
    var bytes: [UInt8] = []
    layers.encode(into: &bytes)
    return bytes
  }

  @Test("comes back from its bytes as it was, non-finite numbers included")
  func roundTrip() throws {
    var layers = layers(seed: 5)
    layers[1].updateNormSum = .infinity
    let bytes = encoded(layers)
    #expect(try [LayerHealth].decode(from: bytes) == layers)
    #expect(encoded(try [LayerHealth].decode(from: bytes)) == bytes)
    #expect(try [LayerHealth].decode(from: encoded([])).isEmpty)
  }

  @Test("comes back from JSON as it was, non-finite numbers included")
  func json() throws {
    var layers = layers(seed: 6) + [LayerHealth(layer: "empty", sketch: ActivationSketch())]
    layers[0].gradientSquaredNormSum = .infinity
    let data = try JSONEncoder().encode(layers)
    #expect(try JSONDecoder().decode([LayerHealth].self, from: data) == layers)
  }

  @Test("every truncation and a longer text are refused, and no altered byte traps")
  func damage() throws {
    let bytes = encoded(layers(seed: 7))
    for length in 0..<bytes.count {
      #expect(throws: DamagedBytes.self) { try [LayerHealth].decode(from: Array(bytes[..<length])) }
    }
    #expect(throws: DamagedBytes.self) { try [LayerHealth].decode(from: bytes + [0]) }
    var random = SplitMix64(seed: 8)
    for _ in 0..<2000 {
      var altered = bytes
      altered[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      var decoded = (try? [LayerHealth].decode(from: altered)) ?? []
      decoded.merge(decoded)
    }
  }

  @Test("ratios are the same however many ranks report the same steps")
  func ranks() throws {
    let one = layers(seed: 9)
    var two = one
    two.merge(one)
    for (single, double) in zip(one, two) {
      #expect(abs(try #require(single.gradientNorm) - (try #require(double.gradientNorm))) < 1e-12)
      #expect(abs(try #require(single.updateRatio) - (try #require(double.updateRatio))) < 1e-12)
      #expect(double.weightNorm == single.weightNorm)
      #expect(double.sketch.count == 2 * single.sketch.count)
    }
  }

  @Test("merges by name, and keeps layers that only one side has")
  func names() {
    var merged = layers(seed: 10, names: ["a", "b"])
    merged.merge(layers(seed: 10, names: ["b", "c"]))
    #expect(merged.map(\.layer) == ["a", "b", "c"])
    #expect(merged.map(\.steps) == [7, 14, 7])
  }

  @Test("a typical network's health takes less than 4 KiB")
  func size() {
    #expect(encoded(layers(seed: 12)).count < 4096)
  }
}
