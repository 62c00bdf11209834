package import Health
package import Registry
import Rollouts
import Vocabulary

/// What windows are held against: of the version confirmed last its layers, and the windows it was made of. It is made anew when
/// another version is, when an incident of a field begins, ends or is accepted, and while there are too few windows.
package struct BaselineReader: Sendable {
  private let pipelineID: Int64
  private let limits: HealthLimits
  private var known: Baseline?
  /// How fields were before the windows with these checkpoints.
  private var before: [Int64: FieldReport] = [:]

  struct Baseline: Sendable {
    var anchor: Int64
    var spans: [DriftSpan]
    /// The windows that columns have.
    var choices: [BaselineWindows]
    var layers: [LayerHealth]
    /// nil: there are too few windows.
    var drift: DriftBaseline?
    var wait: DriftWait?
    /// Until then it stands for one of a version that was confirmed since.
    var standsUntil = ContinuousClock.now
  }

  /// A baseline serves for so many times as long as it took to make: where a version is confirmed every second, little but baselines
  /// would be made, and they would not differ.
  private static let servesFor = 9

  init(pipelineID: Int64, limits: HealthLimits) { (self.pipelineID, self.limits) = (pipelineID, limits) }

  /// - Parameter spans: Of the pipeline.
  /// - Returns: nil: no version was confirmed, or it is the very checkpoint.
  mutating func baseline(
    for checkpoint: CheckpointRecord, _ spans: [DriftSpan], in registry: Registry
  ) async throws -> Baseline? {
    guard let anchor = try await Self.anchor(pipelineID, registry), anchor != checkpoint.id else { return nil }
    let start = ContinuousClock.now
    if let known, known.spans == spans, known.wait == nil, start < known.standsUntil { return known }
    let windows = try await registry.sampledWindows(upTo: anchor, before: checkpoint.id)
    let plan = BaselinePlan(windows, anchor: anchor, spans: spans)
    let wait = plan.wait(recordsPerSecond: checkpoint.recordsPerSecond)
    // Bounds take up to a second to draw.
    if known?.anchor == anchor, known?.choices == plan.choices {
      known?.wait = wait
      known?.spans = spans
      return known
    }
    var new = Baseline(
      anchor: anchor, spans: spans, choices: plan.choices, layers: try await registry.layerHealth(checkpoint: anchor),
      wait: wait)
    if plan.usual.isEnough {
      let samples = try await registry.samples(of: plan.usual.checkpoints)
      let columns = samples.first?.sample.columns ?? []
      // Most have the usual windows; the others are few, and have theirs together.
      for (chosen, group) in Dictionary(grouping: columns, by: plan.windows(of:)) where chosen.isEnough {
        let own = chosen == plan.usual ? samples : try await registry.samples(of: chosen.checkpoints)
        let part = DriftBaseline(own.map(\.sample), falseAlarms: limits.falseAlarmsMax, of: Set(group))
        new.drift = new.drift?.joined(with: part) ?? part
      }
    }
    if new.drift != nil { new.standsUntil = .now + start.duration(to: .now) * Self.servesFor }
    known = new
    return new
  }

  /// One on watch is not trusted yet, and may be another in a moment.
  private static func anchor(_ pipelineID: Int64, _ registry: Registry) async throws -> Int64? {
    Rollout.anchor(among: try await registry.versionsInPlay(pipeline: pipelineID).map(\.facts))?.checkpoint
  }

  /// What is not watched yet as things stand; nil: all is, or no version was confirmed.
  package static func wait(upTo newest: CheckpointRecord, in registry: Registry) async throws -> DriftWait? {
    guard let anchor = try await anchor(newest.pipeline, registry), anchor != newest.id else { return nil }
    let windows = try await registry.sampledWindows(upTo: anchor, before: newest.id)
    // Nobody samples.
    if windows.isEmpty { return nil }
    let plan = BaselinePlan(
      windows, anchor: anchor, spans: try await registry.driftSpans(pipeline: newest.pipeline))
    return plan.wait(recordsPerSecond: newest.recordsPerSecond)
  }

  /// By feature the share of records that lacked it before it went missing, as long as it does; where a person accepted that, in the
  /// window before.
  mutating func usualMissing(
    _ spans: [DriftSpan], last: FieldReport?, in registry: Registry
  ) async throws -> [String: Double] {
    var usual: [String: Double] = [:]
    // The newest first: what was said last of a feature counts.
    for span in spans where span.rule == .featureGone && (span.isOpen || span.isAccepted) {
      for feature in span.features where usual[feature] == nil {
        if span.isAccepted {
          usual[feature] = last?.fields.first { $0.name == feature }?.missingShare(of: \.window)
          continue
        }
        if before[span.first] == nil { before[span.first] = try await registry.checkpoint(span.first)?.fields }
        usual[feature] = before[span.first]?.fields.first { $0.name == feature }?.missingShareBefore
      }
    }
    before = before.filter { first, _ in spans.contains { $0.first == first && $0.isOpen } }
    return usual
  }
}

extension FieldReport.Field {
  fileprivate func missingShare(of part: KeyPath<Self, FieldReport.Counts>) -> Double? {
    let counts = self[keyPath: part]
    return counts.records > 0 ? Double(counts.missing) / Double(counts.records) : nil
  }

  /// Over all windows before its own.
  fileprivate var missingShareBefore: Double? {
    let records = total.records - window.records
    return records > 0 ? Double(total.missing - window.missing) / Double(records) : nil
  }
}
