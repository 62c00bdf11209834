// Activations over a layer's outputs, with the counts that health needs, and their way back. One file an activation in
// activations/.

#if CK_WIDTH >= 8
#define CK_FORMULA CK_INLINE
#else
#define CK_FORMULA static __attribute__((noinline))  // narrow levels: small code rather than speed
#endif

#include "activations/elu.h"
#include "activations/gelu.h"
#include "activations/gelu_exact.h"
#include "activations/hard_sigmoid.h"
#include "activations/hard_swish.h"
#include "activations/identity.h"
#include "activations/leaky_relu.h"
#include "activations/mish.h"
#include "activations/relu.h"
#include "activations/relu6.h"
#include "activations/selu.h"
#include "activations/sigmoid.h"
#include "activations/softplus.h"
#include "activations/swish.h"
#include "activations/tanh.h"
#include "activations/counting.h"
#include "activations/elementwise.h"
#include "activations/prelu.h"
#include "activations/gates.h"
#include "activations/softmax.h"
