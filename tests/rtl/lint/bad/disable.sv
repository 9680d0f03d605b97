`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    always_comb begin : block
        q = a;
        if (a[0]) disable block;
        q = '0;
    end
endmodule
`default_nettype wire
