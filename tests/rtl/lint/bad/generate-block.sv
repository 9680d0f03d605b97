`default_nettype none
module bad #(parameter bit INVERT = 1'b0) (input wire a, output wire q);
    if (INVERT) assign q = !a;
    else begin : g_plain
        assign q = a;
    end
endmodule
`default_nettype wire
