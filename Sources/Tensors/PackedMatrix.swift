/// Weights from `inputs` to `outputs`, or the gradient by them, as the products read them: panels of 16 outputs, or for few
/// outputs one row each (`CKernels.h`).
package struct PackedMatrix {
  package let pointer: UnsafeMutablePointer<Float>
  package let inputs, outputs: Int

  @inline(__always)
  package init(_ pointer: UnsafeMutablePointer<Float>, inputs: Int, outputs: Int) {
    (self.pointer, self.inputs, self.outputs) = (pointer, inputs, outputs)
  }
}
