/// How much is too much. The defaults are wide: they stop a broken layer, not an unusual one.
public struct HealthLimits: Sendable, Hashable, Codable {
  /// The largest share of units that were zero in every row; 0 … 1.
  public var deadShareMax: Double = 0.9
  /// The largest share of saturated activations; 0 … 1.
  public var saturatedShareMax: Double = 0.9
  /// The largest gradient norm, root mean square over the steps and before clipping.
  public var gradientNormMax: Double = 1000
  /// The smallest gradient norm; below it nothing is learned any more.
  public var gradientNormMin: Double = 1e-9
  /// The largest mean update as a share of the parameters' norm, which counts as 1 at least. A healthy ratio is near 1e-3.
  public var updateRatioMax: Double = 0.5
  /// Below this many rows nothing is said about dead units: a rarely used unit is not a dead one.
  public var rowsMin: Int64 = 100
  /// Below this many steps nothing is said about gradients and updates.
  public var stepsMin: Int64 = 10
  /// The largest population stability index against the baseline; 0.25 is the usual mark of a clear shift.
  public var stabilityIndexMax: Double = 0.25
  /// Of windows in which nothing has changed, the share of which the rules of drift may say that something has, over all
  /// features together; 0 … 1.
  public var falseAlarmsMax: Double = 1e-4
  /// Below this many sampled elements on either side nothing is said about drift.
  public var sampledMin: Int64 = 1000

  /// The largest share of records that may lack a feature; 1: any. A feature may be rare and good; a misspelt path is
  /// absent from every record.
  public var missingShareMax: Double = 0.99
  /// The largest share of records whose category may be none of the known values; 1: any.
  public var unknownShareMax: Double = 0.95
  /// The largest share of records whose value may lie outside the clip range; 1: any.
  public var clippedShareMax: Double = 0.95
  /// The largest share of records whose value may lie far outside the feature's usual range; 1: any.
  public var wildShareMax: Double = 0.1
  /// Below this many records nothing is said about a feature.
  public var recordsMin: Int64 = 200

  public init() {}
}
