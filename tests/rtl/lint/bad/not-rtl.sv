`default_nettype none
module bad(input wire a, output wire q);
    class counter;
    endclass
    assign q = a;
endmodule
`default_nettype wire
