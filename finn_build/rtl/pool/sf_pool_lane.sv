// One lane of a pool: combines an element with the result so far. Combinational.
//
// Function   max: the larger one, a bipolar element being one unsigned bit; sum: total + element, bipolar bits as -1, +1.
//            `first` starts anew.
// Area       (Yosys, xc7) max of 1 bit: 1 LUT, of 4 bits: 8 LUT; sum of 4 into 8 bits: 8 LUT.
`default_nettype none

module sf_pool_lane #(
    parameter int BITS = 1,
    parameter int OUT_BITS = 1,
    parameter bit SUM = 1'b0,
    parameter bit SIGNED = 1'b0,
    parameter bit BIPOLAR = 1'b0
) (
    input  wire  [    BITS-1:0] element,
    input  wire                 pad,      /// the element is padding; matters to sums of bipolar elements only
    input  wire                 first,    /// the element is the first of its window
    input  wire  [OUT_BITS-1:0] total,    /// result so far
    output logic [OUT_BITS-1:0] result
);
    if (SUM) begin : g_sum
        logic [OUT_BITS-1:0] value;
        if (BIPOLAR) begin : g_bipolar
            assign value = {{OUT_BITS - 1{!element[0] && !pad}}, !pad};
        end else if (SIGNED) begin : g_signed
            wire signed [OUT_BITS-1:0] wide = OUT_BITS'($signed(element));
            assign value = unsigned'(wide);
        end else begin : g_unsigned
            assign value = OUT_BITS'(element);
        end
        // a sum, in this order as in sf_mvau_rows
        wire [OUT_BITS:0] chain = {value, 1'b0} - ~{first ? OUT_BITS'(0) : total, 1'b0};
        assign result = chain[OUT_BITS:1];
        wire unused = &{1'b0, pad, chain[0]};
    end else begin : g_max
        wire larger = SIGNED ? $signed(element) > $signed(total) : element > total;
        assign result = first || larger ? element : total;
        wire unused_pad = pad;
    end
endmodule

`default_nettype wire
