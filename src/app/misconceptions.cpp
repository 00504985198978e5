#include "app/misconceptions.h"

namespace attn::app {

const std::vector<Misconception>& misconceptions() {
  static const std::vector<Misconception> table = {
      {"scale-missing", "the scores are not divided by sqrt(d_k)",
       "How large does a sum of d_k products become as d_k grows? Look for the number that brings "
       "it back, and count the columns of K."},
      {"scale-by-dk", "the scores are divided by d_k and not by its square root",
       "A sum of d_k random products has the variance d_k. Which number is its deviation?"},
      {"scale-by-model", "the scores are divided by sqrt(d_model) and not by sqrt(d_k)",
       "Each score is a product of two vectors. Count how many numbers one of them has inside one "
       "head."},
      {"scale-after-softmax", "the scale is applied to the weights and not to the scores",
       "Add up one row of your weights. What should the sum be, and what in your order of steps "
       "changed it?"},
      {"softmax-over-queries", "the softmax runs down the columns and not along the rows",
       "Each query shares out one whole among the keys. Which way do you have to add to get 1?"},
      {"softmax-over-heads", "the softmax runs across the heads",
       "The heads know nothing of one another. Which axis of the scores counts the keys?"},
      {"softmax-over-all", "one sum is used for the whole matrix",
       "Every query has its own softmax. How many sums do you need for n queries?"},
      {"softmax-unstable",
       "exp overflows for large scores, or every exp is 0 for very negative ones: 0/0 is no number",
       "Softmax does not change when the same number is taken from every score of a row. Which "
       "number makes the largest exp of each row exactly 1?"},
      {"softmax-twice", "the softmax is applied twice",
       "The largest weights came out small, and all much alike. How often does the formula take "
       "the "
       "softmax?"},
      {"softmax-base", "the softmax takes powers of 2 and not of e",
       "Which function does your program or calculator call exp, and what is it of 1?"},
      {"mask-after-softmax",
       "the weights are set to zero after the softmax, without sharing out again",
       "Add up a row with hidden keys. When must a key be hidden, so that the others share its "
       "part?"},
      {"mask-inverted", "what should be hidden is kept, and what should be kept is hidden",
       "Read the mask aloud for the first word: whom may it see? Then look at your first row."},
      {"mask-off-by-one", "the mask is shifted by one place",
       "May a word see itself? May it see the next word? Look at your first row alone."},
      {"mask-zero", "hidden scores are set to 0, which is not hidden",
       "What is exp(0)? Which score has an exponential of 0?"},
      {"mask-padding-rows", "the rows of the padding are hidden and not its columns",
       "Nobody shall look at the padding. Does a column or a row say who is looked at?"},
      {"mask-missing", "nothing is hidden: there is no mask",
       "Look at the first row: which words does it look at, and which may it see?"},
      {"mask-in-cross", "a causal mask stands in cross-attention",
       "The source sentence is there as a whole before the decoder begins. Which of its words "
       "would "
       "have to be hidden?"},
      {"self-missing", "a node looks at its neighbours only and not at itself",
       "Whom does a node look at that has no edge at all? Look at the diagonal of your matrix."},
      {"edge-one-way", "an edge joins one way only",
       "Two nodes are joined: does each of them look at the other? Compare your matrix with its "
       "transpose."},
      {"projection-missing", "the nodes' vectors are not multiplied by W: X stands in place of H",
       "Which of the two, X or H, does the formula of this step read?"},
      {"projection-twice", "the nodes' vectors are multiplied by W twice",
       "H is X W already. How often does W stand in the formula of this step, if H is written "
       "out?"},
      {"halves-swapped", "the halves of a are exchanged",
       "Which half of a meets the node that looks, and which the node that is looked at?"},
      {"leaky-missing", "the LeakyReLU is left out",
       "Which function stands around the product with a? What does it do with a negative number?"},
      {"leaky-slope", "the slope of the LeakyReLU below zero is another one than that of the sheet",
       "Libraries have a slope of their own, and ReLU has none. What does the sheet make of a "
       "negative score?"},
      {"leaky-order", "the LeakyReLU is applied to the vectors, before the product with a",
       "Another kind of graph attention (Brody et al. 2022) does so. What stands inside the "
       "brackets of LeakyReLU on the sheet?"},
      {"query-key-swapped", "the scores are K Q^T and not Q K^T",
       "Row i belongs to the word that asks. Which matrix has a row per word that asks?"},
      {"value-is-key", "the weights mix the keys and not the values",
       "Keys say who is looked at, and something else says what is taken from there. Read the last "
       "factor of the formula again."},
      {"weights-transposed", "the weights are transposed before they meet the values",
       "Row i of the output belongs to the word that asks. Which row of the weights mixes the "
       "values for it?"},
      {"heads-reshape-only", "the heads are cut out by a reshape without a transpose",
       "A head is some columns of every word. Follow the first row of one of your heads back: does "
       "each of its rows belong to another word?"},
      {"heads-interleaved", "head h takes every H-th column and not a block of columns",
       "The columns of a head stand side by side. Which columns did your first head take?"},
      {"concat-order", "the heads are put together in another order or along another axis",
       "In one row, the heads of one word stand side by side, head 0 first. Write down where the "
       "first number of each head goes."},
      {"output-missing", "the heads are concatenated, but not multiplied by W_O",
       "After the concatenation the heads still stand apart. Which matrix mixes them?"},
      {"matrix-transposed", "a weight matrix is transposed: x W^T in place of x W",
       "A library that stores W as (out, in) multiplies by its transpose. How does the sheet "
       "multiply: from which side, and with rows or columns of W?"},
      {"bias-missing", "the bias is not added",
       "Which vector does the formula add after the product? Is it in your result?"},
      {"position-halves", "the sines stand in the first half and the cosines in the second",
       "Which function does the formula give column 0, and which column 1?"},
      {"position-exponent", "the exponent counts the pair of columns wrongly",
       "A sine and its cosine share one frequency. Write down the exponent for columns 0, 1, 2 and "
       "3, with 2i as the formula has it."},
      {"position-from-one", "the positions start at 1",
       "Which position has the first word? What are sine and cosine of it?"},
      {"position-base", "the base of the frequencies is another number than 10000",
       "Which number stands under the exponent in the formula?"},
      {"position-cosine-first", "cosines stand in the even columns and sines in the odd ones",
       "Columns count from 0. Which function does the formula give column 0?"},
      {"position-multiplied", "the positions are multiplied and not added",
       "What becomes of a word at a place where a sine is zero? Read the formula again."},
      {"norm-unbiased", "the variance is divided by n-1",
       "Layer norm does not estimate anything: it has all the numbers. What is the mean of the "
       "squares divided by?"},
      {"norm-eps-outside", "eps is added to the standard deviation, outside the root",
       "Look at where eps stands in the formula: before or after the root?"},
      {"norm-unbiased-eps",
       "the variance is divided by n-1, and eps is added outside the root: the norm of a library "
       "or "
       "tutorial, not that of the sheet",
       "Two things differ from the formula. By what is the sum of squares divided, and where does "
       "eps stand?"},
      {"norm-variance", "the difference is divided by the variance and not by its root",
       "What should the squares in one row sum to, before gain and bias? Read the divisor again."},
      {"norm-rms", "the mean is not subtracted: a norm by the root mean square",
       "What should one row sum to, before gain and bias? What makes it so?"},
      {"norm-over-all", "one mean and one variance are taken for the whole matrix",
       "Layer norm treats each word alone. How many means do you need for three words?"},
      {"norm-affine", "gain or bias, or both, are left out",
       "After dividing, each column is stretched and moved. Which two vectors of the sheet do "
       "that?"},
      {"norm-missing", "the sum is not normed",
       "Which function stands around the sum in the formula?"},
      {"norm-over-batch", "the norm runs over the words and not over the features",
       "Layer norm treats each word alone. Along which axis are mean and variance taken?"},
      {"norm-order", "the norm stands at the wrong place: before the layer, or after it",
       "Post-norm and pre-norm differ in what is normed: the sum, or the layer's input. Which was "
       "asked?"},
      {"residual-missing", "x is not added to what the layer gives",
       "The layer's result is a correction. To what is it added?"},
      {"residual-other", "the layer's result is added to something else than the layer's input",
       "A residual connection leads past one layer. What goes into this layer, and is that what "
       "you "
       "added?"},
      {"residual-twice", "x is added twice",
       "How often does x stand in the sum? Does what the layer gave contain x already?"},
      {"cross-swapped", "decoder and encoder are swapped in cross-attention",
       "The decoder asks, the encoder answers. Which of Q, K and V belong to asking?"},
      {"teacher-shift", "the decoder's input is not shifted",
       "At place t the decoder shall guess word t. What may it have read so far, and what stands "
       "at "
       "the very beginning?"},
      {"teacher-end", "the decoder also reads the last word of the target",
       "How many words does the decoder have to guess, and what would it guess after the last "
       "one?"},
      {"gelu-tanh", "GELU is computed by its approximation with tanh",
       "Your numbers are nearly right. The exact formula has erf in it."},
      {"activation-other", "another function stands in place of GELU",
       "ReLU, SiLU and x sigmoid(1.702 x) resemble GELU and are not it. Which function does the "
       "formula name?"},
      {"activation-missing", "the activation is left out",
       "Two products without a function between them are one product. Which function stands "
       "between them here?"},
      {"lstm-gate-order", "the gates are taken in another order",
       "The columns hold four gates side by side. In which order does the sheet list them?"},
      {"gru-update", "the GRU's gates do the other one's work",
       "Which of old and new state does z keep? And is r applied before or after the product with "
       "the matrix?"},
      {"gru-gate-order", "the GRU's gates are taken in another order",
       "The columns hold three gates side by side; Keras writes z before r. In which order does "
       "the "
       "sheet list them?"},
      {"conv-flipped", "the kernel is flipped: a true convolution",
       "Nets slide the kernel as it stands. Which tap meets the left neighbour?"},
      {"mlm-all", "the loss is taken over all positions and not only over the chosen ones",
       "Which positions does BERT have to guess? How many numbers is the mean taken of?"},
      {"mlm-mask-only", "every chosen word becomes [MASK]",
       "What happens to the 10 % and the other 10 % of the chosen words?"},
      {"mlm-mean-padding", "the mean counts the padding too",
       "Padding is no text. By how many positions is the sum divided?"},
      {"loss-sum", "the loss is a sum and not a mean",
       "Would the loss of a longer text be larger, by your formula? By what is the sum divided?"},
      {"loss-base", "the logarithm has another base than e",
       "Which logarithm does your calculator's log take, and which does the sheet ask for?"},
      {"sep-missing", "a [SEP] is forgotten",
       "Each of the two sentences ends with a [SEP]. How many did you write?"},
      {"sep-in-b", "the [SEP] after A is counted to B",
       "A [SEP] belongs to the sentence that it ends. Which sentence is that?"},
      {"nsp-all", "the next-sentence head reads all tokens and not [CLS] alone",
       "One token was put in front for this purpose. Which row does the head read?"},
      {"bahdanau-state", "the scores use the new state where the state before was asked",
       "Bahdanau looks before the step, Luong after it. Which state exists when the context is "
       "needed?"},
  };
  return table;
}

const Misconception* find_misconception(std::string_view id) {
  for (const Misconception& one : misconceptions()) {
    if (one.id == id) return &one;
  }
  return nullptr;
}

}  // namespace attn::app
