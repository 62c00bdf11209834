/// That a rank's gradients go out as bfloat16, and what that has cost them so far: errors go out with the next step's gradients.
/// Made anew for each generation. Confined to the step thread.
///
/// Errors are a rank's own: no other rank knows them, and nothing that ranks compare or save has them. Who begins without them
/// has forgotten one rounding of one step. They are of sums over a step's records: behind a step of fewer records than the
/// next one's they weigh a little less, and otherwise a little more, than they would have.
public final class GradientCompression {
  /// Of what this rank hands over.
  var own = ErrorFeedback()
  /// Of the part of the sum that this rank adds up for all.
  var part = ErrorFeedback()

  public init() {}

  /// The step whose gradients were exchanged last is applied: what rounding took from them goes out with the next.
  ///
  /// Without it they are as if they had never been: the same step, made again, has the same bits.
  public func keepErrors() {
    own.keep()
    part.keep()
  }

  /// What the next step's gradients of this rank go out with; empty before the first exchange.
  package var errors: UnsafeBufferPointer<Float> { own.errors }
}
