import Health
import Learning
import Tensors
import Testing
import Vocabulary

/// What kernels count of outputs on the way, held against a sketch that takes them one by one.
@Suite struct `Counts of outputs` {
  /// Rows × units of every kind of number; `bias` lifts them above zero or below.
  private func rows(_ count: Int, _ units: Int, bias: Float, isOdd: Bool, seed: UInt64) -> (Rows, AlignedBuffer<Float>)
  {
    var random = SplitMix64(seed: seed)
    let stride = (units + 15) / 16 * 16 + 16
    let storage = AlignedBuffer<Float>(count: count * stride + 16)
    for row in 0..<count {
      for unit in 0..<units {
        let value = random.nextNearlyNormal() * (unit % 3 == 0 ? 1e-3 : 2) + bias
        let odd: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 1e30, -1e30, 1e-38, -1e-38, 0x1p-20, 0x1p10]
        storage[row * stride + unit] = isOdd && random.next() % 8 == 0 ? odd[Int(random.next() % 11)] : value
      }
    }
    return (Rows(storage.pointer, rows: count, width: units, stride: stride), storage)
  }

  @Test(arguments: Kernels.available.map(\.level), [ActivationFormula.relu, .leakyRelu, .identity, .tanh, .relu6])
  func `are those of a sketch that takes value by value`(
    _ level: Kernels.Level, _ formula: ActivationFormula
  ) throws {
    let kernels = try #require(Kernels(level: level))
    for (count, units) in [(1, 1), (5, 3), (16, 16), (64, 17), (70, 32), (130, 37), (64, 64), (3, 129)] {
      for (bias, isOdd) in [(0, false), (0, true), (40, false), (40, true), (-40, false)] as [(Float, Bool)] {
        let seed = UInt64(1000 * count + units)
        let (z, storage) = rows(count, units, bias: bias, isOdd: isOdd, seed: seed)
        let stats = UnitStats(units: units)
        let derivative = AlignedBuffer<Float>(count: storage.count)
        withArithmeticMode {
          kernels.activate(
            formula, rows: count, units: units, z: z, derivative: formula.keepsDerivative ? derivative.pointer : nil,
            stats: stats)
          var expected = ActivationSketch()
          for row in 0..<count {
            for unit in 0..<units { expected.add(z.from(row)[unit], isSampled: false) }
          }
          let total = stats.total
          let name = "\(count) × \(units), bias \(bias), odd \(isOdd), seed \(seed)"
          #expect(total.nonFinite == expected.nonFinite && total.negative == expected.negatives, "\(name)")
          #expect(Int64(count * units) - total.active == expected.zeros, "\(name)")
          if expected.finite > 0 {
            #expect(total.minimum == expected.minimum && total.maximum == expected.maximum, "\(name)")
          }
          #expect(abs(total.square - expected.sumOfSquares) <= 1e-5 * expected.sumOfSquares, "\(name)")
          #expect(
            abs(total.sum - expected.sum) <= 1e-5 * (Double(expected.finite) * expected.sumOfSquares).squareRoot(),
            "\(name)")
          for unit in 0..<units {
            #expect(stats.active[unit] == (0..<count).count { z.from($0)[unit] != 0 }, "\(name)")
          }
        }
      }
    }
  }

  @Test(arguments: Kernels.available.map(\.level))
  func `lie in the buckets that a sketch says`(_ level: Kernels.Level) throws {
    let kernels = try #require(Kernels(level: level))
    for (count, units, every) in [(1, 1, 1), (9, 16, 3), (40, 37, 8), (33, 256, 1), (200, 21, 2), (5000, 3, 1)] {
      for isOdd in [false, true] {
        let (z, storage) = rows(count, units, bias: 0, isOdd: isOdd, seed: UInt64(count + units))
        let buckets = BucketCounts()
        let sampled = (count + every - 1) / every
        var expected = ActivationSketch()
        for row in stride(from: 0, to: count, by: every) {
          for unit in 0..<units { expected.add(z.from(row)[unit], isSampled: true) }
        }
        for _ in 0..<2 { kernels.countBuckets(rows: sampled, every: every, units: units, z, into: buckets) }
        #expect(Array(buckets.all) == expected.buckets.map { 2 * $0 }, "\(count) × \(units), odd \(isOdd)")
        #expect(storage.count > 0)
      }
    }
  }
}
