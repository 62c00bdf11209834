import Evaluation
import Foundation
import Vocabulary

extension ZooVersion {
  /// Twenty-five versions that are as good as the baseline or better.
  static func good(_ binary: ZooStable, _ classes: ZooStable, _ values: ZooStable) -> [ZooVersion] {
    goodNetworks(binary, "") + goodNetworks(classes, " (classes)") + goodNetworks(values, " (values)")
      + goodServing(binary)
  }

  private static func goodNetworks(_ stable: ZooStable, _ suffix: String) -> [ZooVersion] {
    [
      ZooVersion("the same" + suffix, isGood: true, stable.baseline),
      ZooVersion("learned on" + suffix, isGood: true, stable.fresh),
      ZooVersion("learned on for long" + suffix, isGood: true, stable.longer),
      ZooVersion("from scratch, of all" + suffix, isGood: true, stable.scratch),
      ZooVersion("wider" + suffix, isGood: true, stable.wide),
    ]
  }

  private static func goodServing(_ binary: ZooStable) -> [ZooVersion] {
    let rounded = binary.baseline.mapped { ($0 * 256).rounded() / 256 }
    var noise = SplitMix64(run: 78)
    let jolted = binary.fresh.mapped { $0 + 0.004 * Float(noise.nextNormal()) }
    // The same function: the hidden units in another order.
    var turned = binary.fresh
    let (hidden, width) = (turned.hidden, ZooRecord.width)
    for unit in 0..<hidden {
      let from = hidden - 1 - unit
      for input in 0..<width { turned.first[unit * width + input] = binary.fresh.first[from * width + input] }
      turned.first[hidden * width + unit] = binary.fresh.first[hidden * width + from]
      turned.second[unit] = binary.fresh.second[from]
    }
    func made(_ name: String, _ network: TinyNetwork, _ change: (inout ZooVersion) -> Void = { _ in }) -> ZooVersion {
      ZooVersion(name, isGood: true, network).with(change)
    }
    return [
      made("rounded weights", rounded),
      made("a little noise in the weights", jolted),
      made("units in another order", turned),
      made("average of two", binary.fresh.averaged(with: binary.longer)),
      made("two together", binary.fresh) { $0.companion = binary.scratch },
      made("faster", binary.fresh) { $0.latency = 0.7 },
      made("a little cooler", binary.fresh) { $0.logits = { values, _, _, _ in values[0] *= 0.97 } },
      made("a little hotter", binary.fresh) { $0.logits = { values, _, _, _ in values[0] *= 1.03 } },
      made("logits held", binary.fresh) { $0.logits = { values, _, _, _ in values[0] = min(max(values[0], -5), 5) } },
      made("an unused input filled", binary.fresh) {
        $0.inputs = { values, _, _, random in values[ZooRecord.width - 1] = 0.01 * Float(random.nextNormal()) }
      },
    ]
  }
}
