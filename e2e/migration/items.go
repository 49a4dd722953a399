package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	items "migration/gen"
)

// shop answers what it was asked.
type shop struct {
	items.UnimplementedItemsServer
	items.UnimplementedOddServer
	items.UnimplementedShowcaseServer
}

// seen is the answer to a unary call, with metadata before and after it.
func seen(ctx context.Context, answer *items.Seen) (*items.Seen, error) {
	grpc.SetHeader(ctx, metadata.Pairs("x-leading", "first", "x-leading", "second"))
	if answer.GetItem().GetName() == "binary" {
		grpc.SetHeader(ctx, metadata.Pairs("key-bin", "\x00\x01"))
	}
	grpc.SetTrailer(ctx, metadata.Pairs("x-trailing", "last"))
	incoming, _ := metadata.FromIncomingContext(ctx)
	answer.Method, _ = grpc.Method(ctx)
	answer.Metadata = make(map[string]string)
	for name, values := range incoming {
		value := strings.Join(values, "|")
		if strings.HasSuffix(name, "-bin") {
			value = strings.Join(strings.Split(value, "\x00"), "NUL")
		}
		answer.Metadata[name] = value
	}
	return answer, nil
}

func (*shop) GetItem(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) ListItems(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) FindItem(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) CreateItem(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) PlaceItem(ctx context.Context, request *items.PlaceItemRequest) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: request.Item, Shelf: request.Shelf, Position: request.Position})
}

func (*shop) UpdateItem(ctx context.Context, request *items.UpdateItemRequest) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: request.Item, UpdateMask: request.UpdateMask})
}

func (*shop) ArchiveItem(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) DeleteItem(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) ShowItem(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetRoot(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetDeep(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetTagged(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetSome(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) CheckSome(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) TouchSome(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetTwice(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetNamed(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) SearchItems(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) VerbTwice(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) VerbWithin(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetBefore(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetMe(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetAnybody(ctx context.Context, item *items.Item) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: item})
}

func (*shop) GetPart(ctx context.Context, request *items.PlaceItemRequest) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: request.Item, Shelf: request.Shelf, Position: request.Position})
}

func (*shop) PlacePart(ctx context.Context, request *items.PlaceItemRequest) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: request.Item, Shelf: request.Shelf, Position: request.Position})
}

func (*shop) ChangeItem(ctx context.Context, request *items.ChangeItemRequest) (*items.Seen, error) {
	return seen(ctx, &items.Seen{Item: request.Item, UpdateMask: request.Fields})
}

func (*shop) Fail(ctx context.Context, request *items.FailRequest) (*items.Seen, error) {
	if request.Late {
		grpc.SendHeader(ctx, metadata.Pairs("x-leading", "first"))
		grpc.SetTrailer(ctx, metadata.Pairs("x-trailing", "last"))
	}
	for _, kind := range request.Told {
		grpc.SetTrailer(ctx, metadata.Pairs(told[kind]...))
	}
	return nil, refusal(request.Code, request.Message, request.Detailed, request.Details...)
}

func (shop *shop) FailItem(ctx context.Context, request *items.FailRequest) (*items.Seen, error) {
	return shop.Fail(ctx, request)
}

func (*shop) Wait(ctx context.Context, _ *items.Item) (*items.Seen, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (*shop) ShowPicture(_ context.Context, request *items.WatchItemsRequest) (*httpbody.HttpBody, error) {
	if request.Code != 0 {
		return nil, refusal(request.Code, "there is no picture", true)
	}
	return &httpbody.HttpBody{ContentType: "image/png", Data: []byte("\x89PNG")}, nil
}

func (*shop) DownloadItems(request *items.WatchItemsRequest, stream items.Items_DownloadItemsServer) error {
	for number := range request.Count {
		piece := &httpbody.HttpBody{ContentType: "text/csv", Data: fmt.Appendf(nil, "item,%d\n", number)}
		if err := stream.Send(piece); err != nil {
			return err
		}
	}
	if request.Code == 0 {
		return nil
	}
	return refusal(request.Code, "the download broke off", true)
}

func (*shop) WatchItems(request *items.WatchItemsRequest, stream items.Items_WatchItemsServer) error {
	if request.Count > 0 {
		stream.SendHeader(metadata.Pairs("x-leading", "first"))
		stream.SetTrailer(metadata.Pairs("x-trailing", "last"))
	}
	for number := range request.Count {
		if err := stream.Send(&items.Item{Name: "item", Size: int64(number)}); err != nil {
			return err
		}
	}
	if request.Code == 0 {
		return nil
	}
	return refusal(request.Code, "the stream broke off", true)
}

func (*shop) CollectItems(stream items.Items_CollectItemsServer) error {
	last := &items.Item{}
	count := int32(0)
	for {
		item, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		last, count = item, count+1
	}
	answer, err := seen(stream.Context(), &items.Seen{Item: last, Position: count})
	if err != nil {
		return err
	}
	return stream.SendAndClose(answer)
}

// Metadata beside an error, by its kind.
var told = map[string][]string{
	"binary":   {"key-bin", "\x00\x01"},
	"cookie":   {"set-cookie", "a=b"},
	"plain":    {"x-plain", "told"},
	"reserved": {"x-request-id", "theirs", "content-language", "en"},
	"twice":    {"x-twice", "1", "x-twice", "2"},
}

// Details, by their kind.
var details = map[string]proto.Message{
	"bad": &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "item.name", Description: "is empty"}, {Field: "item.size", Description: "is too small"},
	}},
	"debug":     &errdetails.DebugInfo{StackEntries: []string{"main", "run"}, Detail: "é"},
	"help":      &errdetails.Help{Links: []*errdetails.Help_Link{{Description: "why", Url: "https://a.example/?b=c&d"}}},
	"broken":    &errdetails.ErrorInfo{Reason: "BROKEN", Domain: "items"},
	"info":      &errdetails.ErrorInfo{Reason: "BROKEN", Domain: "items", Metadata: map[string]string{"a": "b"}},
	"item":      &items.Item{Name: "tea", Size: 1 << 60, Kind: items.Kind_KIND_POT},
	"localized": &errdetails.LocalizedMessage{Locale: "de", Message: "kein Tee"},
	"precondition": &errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
		{Type: "TOS", Subject: "a", Description: "not agreed"},
	}},
	"quota": &errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{
		{Subject: "a", Description: "is used up"},
	}},
	"request":  &errdetails.RequestInfo{RequestId: "r", ServingData: "s"},
	"resource": &errdetails.ResourceInfo{ResourceType: "item", ResourceName: "tea", Owner: "o", Description: "d"},
	"retry":    &errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)},
}

func refusal(code int32, message string, detailed bool, kinds ...string) error {
	refusal := status.New(codes.Code(code), message).Proto()
	if detailed {
		kinds = append(kinds, "broken")
	}
	for _, kind := range kinds {
		detail := &anypb.Any{TypeUrl: "type.googleapis.com/items.v1.Unheard", Value: []byte{8, 1}}
		if known, is := details[kind]; is {
			detail, _ = anypb.New(known)
		}
		refusal.Details = append(refusal.Details, detail)
	}
	return status.ErrorProto(refusal)
}
