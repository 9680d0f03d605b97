`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    function logic [3:0] same(input logic [3:0] x);
        return x;
    endfunction
    assign q = same(a);
endmodule
`default_nettype wire
