import Evaluation
import Foundation
import Vocabulary

extension ZooVersion {
  /// Twenty-five versions that nobody should serve.
  static func bad(_ binary: ZooStable, _ classes: ZooStable, _ values: ZooStable) -> [ZooVersion] {
    badNetworks(binary, classes) + badServing(binary, classes) + badValues(values)
  }

  private static func badNetworks(_ binary: ZooStable, _ classes: ZooStable) -> [ZooVersion] {
    let good = binary.fresh
    var zeroed = good
    zeroed.first = good.first.map { _ in 0 }
    var dead = good
    for unit in 0..<good.hidden * 3 / 4 { dead.second[unit] = 0 }
    var noise = SplitMix64(run: 77)
    let noisy = good.mapped { $0 + 0.5 * Float(noise.nextNormal()) }
    let exploded = good.mapped { 1.6 * $0 }
    return [
      ZooVersion("untrained", binary.untrained), ZooVersion("young", binary.young),
      ZooVersion("stale a month", binary.stale), ZooVersion("label leak lost", binary.leaked),
      ZooVersion("mislabelled", binary.mislabelled), ZooVersion("stale classes", classes.stale),
      ZooVersion("one layer zeroed", zeroed), ZooVersion("three units in four dead", dead),
      ZooVersion("noise in the weights", noisy), ZooVersion("weights grown", exploded),
    ]
  }

  private static func badServing(_ binary: ZooStable, _ classes: ZooStable) -> [ZooVersion] {
    let good = ZooVersion("", binary.fresh)
    func named(_ name: String, _ change: (inout ZooVersion) -> Void) -> ZooVersion {
      var version = ZooVersion(name, good.network)
      change(&version)
      return version
    }
    let random = named("random") { $0.logits = { values, _, _, random in values[0] = Float(random.nextNormal()) } }
    let inverted = named("inverted") { $0.logits = { values, _, _, _ in values[0] = -values[0] } }
    let bold = named("over-confident") { $0.logits = { values, _, _, _ in values[0] *= 3 } }
    let timid = named("under-confident") { $0.logits = { values, _, _, _ in values[0] *= 0.3 } }
    let biased = named("biased") { $0.logits = { values, _, _, _ in values[0] += 1.2 } }
    let scaled = named("wrong normaliser") {
      $0.inputs = { values, _, _, _ in for index in 0..<ZooRecord.numbers { values[index] *= 2.5 } }
    }
    let raw = named("no normaliser") {
      $0.inputs = { values, _, _, _ in for index in 0..<ZooRecord.numbers { values[index] = 2 * values[index] + 2 } }
    }
    let dropped = named("features lost") { $0.inputs = { values, _, _, _ in for index in 0..<5 { values[index] = 0 } } }
    let swapped = named("features swapped") {
      $0.inputs = { values, _, _, _ in for index in 0..<3 { values.swapAt(index, 7 - index) } }
    }
    let broken = named("NaN now and then") {
      $0.logits = { values, _, _, random in if random.nextUnit() < 0.003 { values[0] = .nan } }
    }
    let slow = named("slow") { $0.latency = 1.4 }
    let unfair = named("worse on one slice") {
      $0.logits = { values, record, _, _ in if record.slice == 2 { values[0] = -values[0] } }
    }
    let ruined = named("ruined after a long good history") {
      $0.ruinedAt = 20_000
      $0.logits = { values, _, index, _ in if index >= 20_000 { values[0] *= -0.5 } }
    }
    let permuted = ZooVersion("permuted classes", classes.fresh).with {
      $0.logits = { values, _, _, _ in values.append(values.removeFirst()) }
    }
    return [
      random, inverted, bold, timid, biased, scaled, raw, dropped, swapped, broken, slow, unfair, ruined, permuted,
    ]
  }

  private static func badValues(_ values: ZooStable) -> [ZooVersion] {
    [
      ZooVersion("values off by half a deviation", values.fresh).with {
        $0.logits = { values, _, _, _ in values[0] += 0.8 }
      }
    ]
  }
}
