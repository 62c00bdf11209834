import Health
import Testing
import Vocabulary

@Suite("Activation sketch")
struct ActivationSketchTests {
  private func sketch(of values: [Float], sampledEvery: Int = 1) -> ActivationSketch {
    var sketch = ActivationSketch()
    for (place, value) in values.enumerated() { sketch.add(value, isSampled: place % sampledEvery == 0) }
    return sketch
  }

  private func randomValues(_ count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      switch random.next() % 16 {
      case 0: 0
      case 1: -0.0
      case 2: .nan
      case 3: .infinity
      default: Float(bitPattern: UInt32(truncatingIfNeeded: random.next() >> 20))
      }
    }
  }

  @Test("counts every kind of value where it belongs")
  func counts() {
    let sketch = sketch(of: [0, -0.0, -1, 2, .nan, .infinity, -.infinity, 3])
    #expect(sketch.count == 8)
    #expect(sketch.zeros == 2)
    #expect(sketch.negatives == 1)
    #expect(sketch.nonFinite == 3)
    #expect(sketch.minimum == -1)
    #expect(sketch.maximum == 3)
    #expect(sketch.mean == 0.8)
    #expect(sketch.sumOfSquares == 14)
    #expect(sketch.zeroFraction == 0.25)
    #expect(sketch.buckets[0] == 3)
    #expect(sketch.sampled == 8)
  }

  @Test(
    "puts a value into the bucket of its sign and power of two",
    arguments: [
      (0, 32), (-0.0, 32), (1e-7, 32), (-1e-7, 32), (0x1p-20, 33), (-0x1p-20, 31), (1, 53), (1.999, 53), (2, 54),
      (-1, 11), (1024, 63), (1e30, 63), (-1e30, 1), (.nan, 0), (.infinity, 0), (-.infinity, 0),
      (.leastNonzeroMagnitude, 32),
    ] as [(Float, Int)])
  func buckets(value: Float, bucket: Int) {
    #expect(ActivationSketch.bucket(of: value) == bucket)
  }

  @Test("buckets follow the order of the values and their edges")
  func edges() {
    for bucket in 2..<ActivationSketch.bucketCount where bucket != 32 {
      let edge = ActivationSketch.lowerEdge(ofBucket: bucket)
      let inside = bucket < 32 ? edge.nextUp : edge
      #expect(ActivationSketch.bucket(of: inside) == bucket)
      #expect(ActivationSketch.bucket(of: inside.nextDown) < bucket)
    }
  }

  @Test("adding a kernel's buckets gives the same as adding the values one by one")
  func bulk() {
    let values = randomValues(5000, seed: 11)
    var counts = [Int64](repeating: 0, count: ActivationSketch.bucketCount)
    for value in values { counts[ActivationSketch.bucket(of: value)] += 1 }
    var bulk = ActivationSketch()
    counts.withUnsafeBufferPointer { bulk.addBuckets($0) }
    let reference = sketch(of: values)
    #expect(bulk.buckets == reference.buckets)
    #expect(bulk.sampled == reference.sampled)
  }

  @Test("merged parts equal the whole in every count", arguments: [1, 2, 3] as [UInt64])
  func merging(seed: UInt64) {
    let values = randomValues(3000, seed: seed)
    var merged = ActivationSketch()
    for start in stride(from: 0, to: 3000, by: 500) { merged.merge(sketch(of: Array(values[start..<start + 500]))) }
    let whole = sketch(of: values)
    #expect(merged.buckets == whole.buckets)
    #expect(merged.count == whole.count)
    #expect(merged.nonFinite == whole.nonFinite)
    #expect(merged.zeros == whole.zeros)
    #expect(merged.negatives == whole.negatives)
    #expect(merged.minimum == whole.minimum)
    #expect(merged.maximum == whole.maximum)
  }

  @Test("a unit is dead only if it was zero in every part of the window")
  func deadUnits() {
    var first = ActivationSketch(units: 4)
    first.count = 8
    first.unitActivity = [0, 1, 0, 2]
    var second = ActivationSketch(units: 4)
    second.count = 8
    second.unitActivity = [0, 0, 2, 2]
    #expect(first.deadUnits == 2)
    first.merge(second)
    #expect(first.deadUnits == 1)
    #expect(first.deadShare == 0.25)
    #expect(ActivationSketch(units: 4).deadUnits == 0)
  }
}
