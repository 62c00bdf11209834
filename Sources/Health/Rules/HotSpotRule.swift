import Vocabulary

/// The time of a step goes into what one layer does value by value, beside its products: an activation that is dear, or not fused. A
/// layer that is large for a good reason has its time in products, and is none. Observed: that part's share of the time of all
/// layers, the least of the last three windows, for other work of the machine may fall on one.
struct HotSpotRule: Rule {
  let name = HealthRule.hotSpot
  let meaning = "much of a step's time goes into what one layer does beside its products"
  let source = "a third faster without it (Amdahl 1967); a wide ReLU behind a narrow layer has 0.11, usual layers 0.03"
  let action = HealthAction.note
  func threshold(_ limits: HealthLimits) -> Double { 0.25 }

  private static let windows = 3

  func examine(_ window: HealthWindow, _ limits: HealthLimits, threshold: (String) -> Double) -> [HealthFinding] {
    let windows = ([window.costs] + window.costsBefore).prefix(Self.windows)
    return window.costs.filter { $0.elementwise > 0 }.map { layer in
      let known = windows.compactMap { costs -> Double? in
        guard let then = costs.first(where: { $0.layer == layer.layer }), then.steps >= limits.stepsMin else {
          return nil
        }
        return share(then.elementwise, of: costs)
      }
      return finding(
        layer.layer, known.min() ?? 0, .atMost(threshold(layer.layer)), hasEvidence: known.count == Self.windows,
        detail: sentence(layer, of: window.costs))
    }
  }

  private func share(_ part: Int64, of costs: [LayerCost]) -> Double {
    let whole = costs.nanoseconds
    return whole > 0 ? Double(part) / Double(whole) : 0
  }

  private func sentence(_ layer: LayerCost, of costs: [LayerCost]) -> String {
    func time(_ nanoseconds: Int64) -> String {
      short(Double(nanoseconds) / Double(max(1, layer.steps)) / 1000) + " µs"
    }
    return
      "layer \(layer.layer) takes \(percent(share(layer.nanoseconds, of: costs))) of a step's time, and "
      + "\(percent(share(layer.elementwise, of: costs))) beside its products, as activations do: "
      + "\(time(layer.elementwise)) of \(time(costs.nanoseconds)), over \(layer.steps) steps that were timed"
  }
}
